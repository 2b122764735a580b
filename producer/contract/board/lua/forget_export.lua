#!lua flags=allow-oom
-- Remove every trace of an export from the board.

local board = look()
unlist(board)
unmark()
redis.call('DEL', KEYS[1], KEYS[2], KEYS[4])
return 1
