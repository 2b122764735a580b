#!lua
-- Take calls out of buckets that fill up again with time. KEYS: one a bucket, of which is kept when it is full again.
-- ARGV: 1 the time in which one call grows back, 2 that in which all do, both in microseconds; then the calls that each
-- bucket gave. Answers in how many microseconds each is full again.
-- Invariants: no bucket owes more than it holds, and a full one is not kept.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local interval, period = tonumber(ARGV[1]), tonumber(ARGV[2])
local answer = {}
for at, key in ipairs(KEYS) do
  local before = tonumber(redis.call('GET', key) or now)
  local full = math.min(math.max(before, now) + tonumber(ARGV[at + 2]) * interval, now + 2 * period)
  if full > now then
    redis.call('SET', key, string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000))
  end
  answer[at] = math.floor(full - now)
end
return answer
