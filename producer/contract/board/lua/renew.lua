#!lua flags=allow-oom
-- Prolong a lease. ARGV: 3 owner, 4 number, 5 time to live in ms. Answers 1, or 0 where the lease is lost.
-- Invariant: a lease whose time has passed comes back only while nobody else took the export, and a settled or
-- requeued one never.

local board = look()
if not holds(board, ARGV[3], ARGV[4]) then return 0 end
redis.call('HSET', KEYS[2], 'until', integer(board.now + tonumber(ARGV[5])))
return 1
