#!lua flags=allow-oom
-- Take the lease away from whoever holds it; answers whether anybody held one.
-- Invariant: the number rises, so that the former holder fails at its next renewal, progress or settling.

local board = look()
if board.owner == '' then return 0 end
redis.call('HSET', KEYS[2], 'number', integer(math.max(board.number + 1, board.now)), 'owner', '', 'until', 0)
return 1
