#!lua
-- Note an export as queued and mark it. ARGV: 3 created ms, 4 done, 5 total, 6 JSON, 7 'large' or 'small', 8 'once' or '',
-- and where a message is to be pushed in the same step, to the list that is the last key: 9 and 10 what stands before
-- and behind the mark's time in it.
-- Answers the mark's time, or 0 where the board knows better: a newer generation, or this one settled or held,
-- and with 'once' also where it is marked already.
-- Invariant: an export is never both marked by this and held under a live lease of the same generation.

local board = look()
local same = board.generation == generation
if board.generation and generation < board.generation then return 0 end
local marked = redis.call('ZSCORE', KEYS[3], id) or redis.call('ZSCORE', KEYS[5], id)
if same and board.status == 'queued' and marked and ARGV[8] == 'once' then return 0 end
if same and (SETTLED[board.status] or (board.status == 'running' and board.leased)) then return 0 end

if not (same and board.status == 'queued') then
  release(board)
  redis.call('HDEL', KEYS[2], 'done', 'total')
  redis.call('PERSIST', KEYS[2])
  store(board, 'queued', tonumber(ARGV[3]), ARGV[6])
  tell(board, 'queued', ARGV[4], ARGV[5])
end
unmark()
redis.call('ZADD', KEYS[ARGV[7] == 'large' and 5 or 3], board.now, id)
if ARGV[9] then redis.call('LPUSH', KEYS[#KEYS], ARGV[9] .. integer(board.now) .. ARGV[10]) end
return board.now
