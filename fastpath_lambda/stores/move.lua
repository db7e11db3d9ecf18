-- Compare-and-set of the sale's state. Answers the state afterwards; one that is not loaded is closed.
local generation, to = ARGV[1], ARGV[2]

local sale = redis.call('HMGET', SALE, 'generation', 'state', 'opens_ms', 'closes_ms')
if sale[1] ~= generation then return 'closed' end

local state = open_by_clock(sale[2], sale[3], sale[4], now_ms())
for i = 3, #ARGV do
  if state == ARGV[i] and state ~= to then return change_state(state, to) end
end
return state
