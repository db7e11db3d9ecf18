-- Says how many of a room's viewers one process has; returns how many there are in all.
-- KEYS: the room's viewers, process -> "count:when"
-- ARGV: process, its count, seconds after which a process that says nothing is gone

local viewers = KEYS[1]
local process, count, gone_after = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
-- The store's own clock: those of the processes may differ.
local now = tonumber(redis.call('TIME')[1])

if count > 0 then
  redis.call('HSET', viewers, process, count .. ':' .. now)
else
  redis.call('HDEL', viewers, process)
end
redis.call('EXPIRE', viewers, gone_after * 2)

local total = 0
local held = redis.call('HGETALL', viewers)
for i = 1, #held, 2 do
  local has, at = string.match(held[i + 1], '(%d+):(%d+)')
  if now - tonumber(at) > gone_after then
    redis.call('HDEL', viewers, held[i])
  else
    total = total + tonumber(has)
  end
end
return total
