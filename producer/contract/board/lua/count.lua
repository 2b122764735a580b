#!lua
-- Take a batch of the audit log into the tallies, once. KEYS: 1 who asked, by export; 2 downloads, by export; 3 names of
-- counted batches; 4 the floor; 5 the board's life. ARGV: 1 name, 2 the life in which the floor had passed the name
-- before the batch was stored, '' for none, 3 how many pairs of export id and asker follow, then these, then pairs of
-- export id and downloads. Answers 1 where it was counted by this, else 0.
-- Invariant: counted are all batches that were stored before the floor passed their name, and above the floor those
-- whose names are kept; of the others those that whoever stored them counts.

local floor = redis.call('GET', KEYS[4])
if floor and ARGV[1] <= floor then
  if ARGV[2] == '' or ARGV[2] ~= redis.call('GET', KEYS[5]) then return 0 end
elseif redis.call('ZADD', KEYS[3], 0, ARGV[1]) == 0 then
  return 0
end
local downloads = 4 + 2 * tonumber(ARGV[3])
for position = 4, downloads - 1, 2 do redis.call('HSET', KEYS[1], ARGV[position], ARGV[position + 1]) end
for position = downloads, #ARGV, 2 do redis.call('HINCRBY', KEYS[2], ARGV[position], ARGV[position + 1]) end
return 1
