#!lua flags=allow-oom
-- KEYS: queued marks. ARGV: pairs of export id and the mark's time. Answers how many were removed.
-- Invariant: a mark that was set anew meanwhile stays.

local removed = 0
for _, marks in ipairs(KEYS) do
  for position = 1, #ARGV, 2 do
    local score = redis.call('ZSCORE', marks, ARGV[position])
    if score and tonumber(score) == tonumber(ARGV[position + 1]) then
      removed = removed + redis.call('ZREM', marks, ARGV[position])
    end
  end
end
return removed
