#!lua
-- KEYS[1]: who is alive, scored by the time until which. ARGV: 1 name, 2 time to live in ms; without them only count.
-- Answers how many are alive. Invariant: nobody whose time has passed is kept.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if ARGV[1] then redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1]) end
return redis.call('ZCARD', KEYS[1])
