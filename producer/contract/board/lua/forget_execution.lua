#!lua flags=allow-oom
-- Remove an execution from the listing, and its workflow with the last one. Answers whether it was listed.

local old = current()
if not old then return 0 end
redis.call('HDEL', KEYS[3], execution)
redis.call('ZREM', set_of(old.rank), inverted(old.listed) .. execution)
reorder(nil)
return 1
