#!lua
-- Give a running export back, without a queued mark. ARGV: 3 created ms, 4 done, 5 total, 6 JSON, 7 owner, 8 number,
-- 9 reason. Answers 1, or 0 where the lease is lost. Asking again after a lost answer is told yes.

local board = look()
if not holds(board, ARGV[7], ARGV[8]) then
  local again = board.generation == generation and board.status == 'queued' and board.number == tonumber(ARGV[8])
  return again and 1 or 0
end
release(board)
redis.call('HDEL', KEYS[2], 'done', 'total')
store(board, 'queued', tonumber(ARGV[3]), ARGV[6])
redis.call('HINCRBY', KEYS[4], 'handed_back', 1)
redis.call('HSET', KEYS[4], 'reason', ARGV[9])
redis.call('PEXPIRE', KEYS[4], ATTEMPTS_TTL)
tell(board, 'queued', ARGV[4], ARGV[5])
return 1
