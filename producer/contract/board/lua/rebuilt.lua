#!lua
-- KEYS[1]: what is known of the index. ARGV[1]: the token of a rebuild. Answers 1 where the index is complete now.
-- Invariant: a rebuild counts only if the board was not lost while it ran, nor another rebuild begun.

if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], 'complete')
return 1
