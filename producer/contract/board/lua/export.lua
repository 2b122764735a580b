-- Shared by the scripts of one export; the generated preamble defines SETTLED, MOVES, STATES and the channels.
--
-- KEYS[1]  the export: a head line "<generation> <status> <sequence> <created ms>", then its JSON
-- KEYS[2]  its live part, a hash: sequence, done, total of the running attempt; number, owner, until of the lease
-- KEYS[3]  the queued marks of small exports     KEYS[4]  how often the export was put back
-- KEYS[5]  the queued marks of large exports
-- KEYS[6]  and on: listings by state, of all exports and then of the workflow (not given where the state cannot change)
-- ARGV[1]  the export's id                      ARGV[2]  the caller's generation
--
-- Invariants: the generation never falls. The sequence and the lease's number only rise, also over a loss of the
-- board, since neither starts below the clock. The head tells the one state, and the export is listed under that
-- state alone. A lease is live while its owner is not empty and its time has not passed; it outlives its time as long
-- as nobody else took the export.

local id, generation = ARGV[1], tonumber(ARGV[2])

local function clock()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function integer(number)
  return string.format('%.0f', number)
end

local function look()
  local head = redis.call('GETRANGE', KEYS[1], 0, 79)
  local known, status, sequence, created = string.match(head, '^(%d+) (%l+) (%d+) (%d+)\n')
  local live = redis.call('HMGET', KEYS[2], 'sequence', 'number', 'owner', 'until')
  local now = clock()
  local owner, ends = live[2] and live[3] or '', tonumber(live[4] or 0)
  return {
    now = now, generation = tonumber(known), status = status, created = tonumber(created),
    sequence = math.max(tonumber(live[1] or 0), tonumber(sequence or 0)),
    number = tonumber(live[2] or 0), owner = owner, leased = owner ~= '' and ends > now,
  }
end

local function next_sequence(board)
  board.sequence = math.max(board.sequence + 1, board.now)
  return integer(board.sequence)
end

-- Whether the caller of a fenced script is still the one that may change the export.
local function holds(board, owner, number)
  return board.generation == generation and board.status == 'running'
    and board.owner == owner and board.number == tonumber(number)
end

local function release(board)
  if board.number > 0 then redis.call('HSET', KEYS[2], 'owner', '', 'until', 0) end
end

local function member(created)
  return struct.pack('>I6', LATEST - created) .. id
end

local function unlist(board)
  if not board.created then return end
  for position, state in ipairs(STATES) do
    if state == board.status then
      redis.call('ZREM', KEYS[5 + position], member(board.created))
      redis.call('ZREM', KEYS[5 + #STATES + position], member(board.created))
    end
  end
end

local function list(status, created)
  for position, state in ipairs(STATES) do
    if state == status then
      redis.call('ZADD', KEYS[5 + position], 0, member(created))
      redis.call('ZADD', KEYS[5 + #STATES + position], 0, member(created))
    end
  end
end

-- Write the export whole and list it under its state.
local function store(board, status, created, json)
  unlist(board)
  local head = string.format('%s %s %s %s\n', integer(generation), status, next_sequence(board), integer(created))
  redis.call('SET', KEYS[1], head .. json)
  list(status, created)
end

local function unmark()
  redis.call('ZREM', KEYS[3], id)
  redis.call('ZREM', KEYS[5], id)
end

-- Nothing of a settled export's live part is needed for long: its JSON holds the final progress.
local function finish()
  redis.call('PEXPIRE', KEYS[2], SETTLED_TTL)
  unmark()
  redis.call('DEL', KEYS[4])
end

-- Publish a change. With the JSON of a settled export in it, nobody who waited for that needs to ask for it.
local function tell(board, status, done, total, json)
  redis.call('PUBLISH', CHANGES, string.format(
    '{"id":%s,"status":"%s","done":%s,"total":%s,"sequence":%s,"export":',
    cjson.encode(id), status, done, total, integer(board.sequence)) .. (json or 'null') .. '}')
end
