#!lua
-- KEYS[1]: a lock. ARGV: 1 owner, 2 time to live in ms. Answers 1 where the owner holds it now, taken or prolonged.

local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
