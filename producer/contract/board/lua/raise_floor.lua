#!lua
-- Note that every batch up to a name is counted. KEYS: 1 names of counted batches, 2 the floor, 3 the board's life.
-- ARGV: 1 the life in which they were counted, 2 the name. Answers 1, or 0 where the board was lost since.
-- Invariants: the floor never falls within a life, and no name at or below it is kept.

if redis.call('GET', KEYS[3]) ~= ARGV[1] then return 0 end
local floor = redis.call('GET', KEYS[2])
if not floor or floor < ARGV[2] then redis.call('SET', KEYS[2], ARGV[2]) end
redis.call('ZREMRANGEBYLEX', KEYS[1], '-', '[' .. ARGV[2])
return 1
