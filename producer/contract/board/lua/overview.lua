#!lua flags=no-writes
-- KEYS: for each workflow its hash of executions, then its sorted sets in the order of ranks.
-- Answers for each: how many executions, the rank of the newest one, and that one's member (0 and '' where none).

local found = {}
for start = 1, #KEYS, RANKS + 1 do
  local best, rank
  for position = 1, RANKS do
    local head = redis.call('ZRANGE', KEYS[start + position], 0, 0)[1]
    if head then
      local inverted = struct.unpack('>I6', head)
      if not best or inverted < best.inverted then best, rank = { inverted = inverted, member = head }, position - 1 end
    end
  end
  found[#found + 1] = { redis.call('HLEN', KEYS[start]), rank or 0, best and best.member or '' }
end
return found
