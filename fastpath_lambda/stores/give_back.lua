-- Put an undone order's units back, once. Answers the running number of it, or false where there is no
-- such sale or SKU to put them back to.
local generation, order_id, sku, buyer, account = unpack(ARGV, 1, 5)
local quantity = tonumber(ARGV[6])

local before = redis.call('ZSCORE', GIVEN_BACK, order_id)
if before then return math.abs(tonumber(before)) end

local sale = redis.call('HMGET', SALE, 'generation', 'state', 'opens_ms', 'closes_ms', 'label:' .. sku)
local left = tonumber(redis.call('HGET', LEFT, 'left:' .. sku) or '')
if sale[1] ~= generation or not sale[5] or not left then return false end
local state, label = open_by_clock(sale[2], sale[3], sale[4], now_ms()), sale[5]

left = left + quantity
local number = redis.call('HINCRBY', LEFT, 'given-back', 1)
redis.call('HSET', LEFT, 'left:' .. sku, left)
redis.call('ZADD', GIVEN_BACK, number, order_id)
for _, name in ipairs({buyer, account}) do
  -- A guest has no account; a ledger that was lost and made anew knows no totals.
  local total = name ~= '' and tonumber(redis.call('HGET', BUYERS, name) or 0)
  if total and total > 0 then redis.call('HSET', BUYERS, name, math.max(total - quantity, 0)) end
end
-- Of a closed sale the shop itself tells viewers, and would be contradicted here.
if state ~= 'closed' then
  local version = redis.call('HINCRBY', LEFT, 'version:' .. sku, 1)
  local shown = value(label, left, state, version)
  tell(cjson.encode(sku) .. ':' .. shown, {sku, shown})
end
return number
