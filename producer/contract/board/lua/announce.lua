#!lua
-- Note what storage says of a settled export. ARGV: 3 created ms, 4 done, 5 total, 6 JSON, 7 status, 8 whom to tell:
-- nobody, once (where it is new to the board) or again. Answers 1 where the board now says the same as storage, else 0.
-- Invariants: an older generation changes nothing, nor does an illegal move within a generation; what is not settled
-- may become any settled state, as the board can have missed the moves between. A lease ends here.

local board = look()
local status = ARGV[7]
local same = board.generation == generation
if board.generation and generation < board.generation then return 0 end

local known = same and board.status == status
if same and not known and SETTLED[board.status] and not MOVES[board.status][status] then return 0 end

if known then
  list(status, board.created)
else
  release(board)
  store(board, status, tonumber(ARGV[3]), ARGV[6])
end
finish()
if ARGV[8] == 'again' or (ARGV[8] == 'once' and not known) then
  tell(board, status, ARGV[4], ARGV[5], ARGV[6])
  redis.call('PUBLISH', EXPORTS, ARGV[6])
end
return 1
