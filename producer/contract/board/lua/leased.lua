#!lua flags=no-writes
-- KEYS: live parts of exports. Answers the positions, from 0, of those under a live lease.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local found = {}
for position, key in ipairs(KEYS) do
  local lease = redis.call('HMGET', key, 'owner', 'until')
  if lease[1] and lease[1] ~= '' and tonumber(lease[2] or 0) > now then found[#found + 1] = position - 1 end
end
return found
