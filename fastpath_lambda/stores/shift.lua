-- Add units to what is left of an SKU, or take them from it, once. ARGV: generation, id, SKU, units.
-- Answers the running number of it; 'sold_out' where fewer are left; or false where it is not on sale here.
local generation, id, sku, units = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

local before = redis.call('ZSCORE', GIVEN_BACK, id)
if before then return math.abs(tonumber(before)) end

local sale = redis.call('HMGET', SALE, 'generation', 'state', 'opens_ms', 'closes_ms', 'label:' .. sku)
if sale[1] ~= generation or sale[2] == 'closed' or not sale[5] then return false end
local state = open_by_clock(sale[2], sale[3], sale[4], now_ms())
local left = tonumber(redis.call('HGET', LEFT, 'left:' .. sku)) + units
if left < 0 then return 'sold_out' end

local number = redis.call('HINCRBY', LEFT, 'given-back', 1)
local version = redis.call('HINCRBY', LEFT, 'version:' .. sku, 1)
redis.call('HSET', LEFT, 'left:' .. sku, left)
redis.call('ZADD', GIVEN_BACK, number, id)
local shown = value(sale[5], left, state, version)
tell(cjson.encode(sku) .. ':' .. shown, {sku, shown})
return number
