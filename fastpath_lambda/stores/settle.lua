-- These orders' units came back and that is written down: keep the mark, so that it stays once.
for _, order_id in ipairs(ARGV) do
  local number = tonumber(redis.call('ZSCORE', GIVEN_BACK, order_id) or 0)
  if number > 0 then redis.call('ZADD', GIVEN_BACK, 'XX', -number, order_id) end
end
return 1
