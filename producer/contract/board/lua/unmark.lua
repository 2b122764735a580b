#!lua flags=allow-oom
-- KEYS[1]: the queued marks. ARGV: pairs of export id and the mark's time. Answers how many were removed.
-- Invariant: a mark that was set anew meanwhile stays.

local removed = 0
for position = 1, #ARGV, 2 do
  local score = redis.call('ZSCORE', KEYS[1], ARGV[position])
  if score and tonumber(score) == tonumber(ARGV[position + 1]) then
    removed = removed + redis.call('ZREM', KEYS[1], ARGV[position])
  end
end
return removed
