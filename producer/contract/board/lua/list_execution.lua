#!lua
-- List an execution or its newer revision. ARGV: 3 rank, 4 accepted ms, 5 listed ms, 6 row, 7 the workflow's id and
-- name. Answers 1, or 0 where the board has as new a revision or newer.
-- Invariant: a completed execution never becomes a running one; apart from that the latest accepted revision wins.

local rank, accepted, listed = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local old = current()
if old then
  local was_running, is_running = old.rank == 0, rank == 0
  if is_running and not was_running then return 0 end
  if is_running == was_running and accepted <= old.accepted then return 0 end
  redis.call('ZREM', set_of(old.rank), inverted(old.listed) .. execution)
end
redis.call('HSET', KEYS[3], execution, struct.pack('>BI6I6', rank, accepted, listed) .. ARGV[6])
redis.call('ZADD', set_of(rank), 0, inverted(listed) .. execution)

-- A workflow goes by the name that its newest execution gives it.
local latest = newest() == listed or redis.call('HEXISTS', KEYS[2], workflow) == 0
reorder(latest and ARGV[7] or nil)
return 1
