#!lua
-- End an export under its lease. ARGV: 3 created ms, 4 done, 5 total, 6 JSON, 7 owner, 8 number, 9 status.
-- The last of the keys names the exports with callbacks. Answers 1, or 2 where it has callbacks; 0 where the lease is
-- lost, -1 where no running export may become that.
-- Invariants: only the holder settles, once; the announcement leaves in the same step as the state changes. A holder
-- that asks again (its answer was lost on the way) is told yes and nothing is announced twice.

local board = look()
local status = ARGV[9]
local done = 1 + redis.call('SISMEMBER', KEYS[#KEYS], id)
if not holds(board, ARGV[7], ARGV[8]) then
  local again = board.generation == generation and board.status == status and board.number == tonumber(ARGV[8])
  return again and done or 0
end
if not (SETTLED[status] and MOVES.running[status]) then return -1 end

release(board)
store(board, status, tonumber(ARGV[3]), ARGV[6])
finish()
tell(board, status, ARGV[4], ARGV[5], ARGV[6])
redis.call('PUBLISH', EXPORTS, ARGV[6])
return done
