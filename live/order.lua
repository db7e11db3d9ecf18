-- Writes an order's status and tells its watchers, unless the status is not newer.
--
-- KEYS: the order
-- ARGV: version, status, seconds to keep it, the channel of its watchers, the message to them
-- Returns 1 when written, 0 when dropped.

local held = tonumber(redis.call('HGET', KEYS[1], 'version') or '0')
if tonumber(ARGV[1]) <= held then return 0 end

redis.call('HSET', KEYS[1], 'version', ARGV[1], 'status', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1
