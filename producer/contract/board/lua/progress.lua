#!lua
-- Note how far the holder of a lease is. ARGV: 3 owner, 4 number, 5 done, 6 total. Answers 1, or 0 where it is lost.

local board = look()
if not holds(board, ARGV[3], ARGV[4]) then return 0 end
redis.call('HSET', KEYS[2], 'sequence', next_sequence(board), 'done', ARGV[5], 'total', ARGV[6])
tell(board, 'running', ARGV[5], ARGV[6])
return 1
