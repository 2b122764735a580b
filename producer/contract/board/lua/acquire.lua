#!lua
-- Take the lease on an export. ARGV: 3 created ms, 4 done, 5 total, 6 JSON, 7 owner, 8 time to live in ms.
-- Answers the lease's number, or why there is none: -1 held, -2 settled, -3 superseded by a newer generation.
-- Invariants: at most one live lease an export, and every lease has a higher number than any before it. An owner that
-- asks again (its answer was lost on the way) gets the lease that it has.

local board = look()
local same = board.generation == generation
if board.generation and generation < board.generation then return -3 end

-- The message that brought the caller here has left the queue.
unmark()
if same and SETTLED[board.status] then return -2 end
if same and board.status == 'running' and board.leased then
  if board.owner == ARGV[7] then return board.number end
  return -1
end

local number = math.max(board.number + 1, board.now)
redis.call('HSET', KEYS[2], 'number', integer(number), 'owner', ARGV[7], 'until', integer(board.now + tonumber(ARGV[8])))
redis.call('HDEL', KEYS[2], 'done', 'total')
redis.call('PERSIST', KEYS[2])
store(board, 'running', tonumber(ARGV[3]), ARGV[6])
tell(board, 'running', ARGV[4], ARGV[5])
return number
