-- Claims handed to the buffer longer ago than ARGV[1] ms, at most ARGV[2]; marked as handed now.
local now = now_ms()

local ids = redis.call('ZRANGEBYSCORE', INTENTS, '-inf', now - tonumber(ARGV[1]), 'LIMIT', 0, ARGV[2])
for _, id in ipairs(ids) do redis.call('ZADD', INTENTS, 'XX', now, id) end
return claims_of(ids)
