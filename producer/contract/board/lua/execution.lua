-- Shared by the scripts of the execution listing; the generated preamble defines RANKS and LATEST.
--
-- KEYS[1]  every workflow, newest first: members "<inverted time><workflow>"
-- KEYS[2]  a hash workflow -> "<time of its newest execution><id and name>"
-- KEYS[3]  the workflow's executions, a hash execution -> "<rank><accepted><listed time><row>"
-- KEYS[4]  and on: its executions newest first, a sorted set a status, in the order of ranks; rank 0 is running
-- ARGV[1]  the workflow                         ARGV[2]  the execution
--
-- Invariants: an execution is in exactly one of the sorted sets, at its listed time. The workflow stands at the time
-- of its newest execution, and is gone with its last. Times are 48-bit milliseconds; inverted ones sort newest first.

local workflow, execution = ARGV[1], ARGV[2]

local function inverted(time)
  return struct.pack('>I6', LATEST - time)
end

local function set_of(rank)
  return KEYS[4 + rank]
end

local function current()
  local row = redis.call('HGET', KEYS[3], execution)
  if not row then return nil end
  local rank, accepted, listed = struct.unpack('>BI6I6', row)
  return { rank = rank, accepted = accepted, listed = listed }
end

local function newest()
  local first
  for rank = 0, RANKS - 1 do
    local head = redis.call('ZRANGE', set_of(rank), 0, 0)[1]
    if head then
      local time = LATEST - struct.unpack('>I6', head)
      if not first or time > first then first = time end
    end
  end
  return first
end

-- Let the workflow stand at the time of its newest execution; a given id and name are taken over.
local function reorder(name)
  local old = redis.call('HGET', KEYS[2], workflow)
  local was = old and struct.unpack('>I6', old)
  local is = newest()
  if was and was ~= is then redis.call('ZREM', KEYS[1], inverted(was) .. workflow) end
  if not is then
    redis.call('HDEL', KEYS[2], workflow)
    return
  end
  if not (name or old) then return end
  redis.call('ZADD', KEYS[1], 0, inverted(is) .. workflow)
  redis.call('HSET', KEYS[2], workflow, struct.pack('>I6', is) .. (name or string.sub(old, 7)))
end
