-- Take the units of a claim that an older epoch gave, once. ARGV: generation, order id, SKU, buyer, account,
-- quantity, the claim's tail. Answers the claim; 'sold_out'; or false where it is not on sale here.
local generation, order_id, sku, buyer, account = unpack(ARGV, 1, 5)
local quantity, tail = tonumber(ARGV[6]), ARGV[7]

local sale = redis.call('HMGET', SALE, 'generation', 'state', 'label:' .. sku)
if sale[1] ~= generation or sale[2] == 'closed' or not sale[3] then return false end
local known = redis.call('HGET', CLAIMS, order_id)
if known then return known end
local left = tonumber(redis.call('HGET', LEFT, 'left:' .. sku)) - quantity
if left < 0 then return 'sold_out' end

local number = redis.call('HINCRBY', LEFT, 'number', 1)
local claim = '{"number":' .. string.format('%.0f', number) .. ',' .. tail
local version = redis.call('HINCRBY', LEFT, 'version:' .. sku, 1)
redis.call('HSET', LEFT, 'left:' .. sku, left)
redis.call('HSET', CLAIMS, order_id, claim)
redis.call('HINCRBY', BUYERS, buyer, quantity)
if account ~= '' then redis.call('HINCRBY', BUYERS, account, quantity) end
redis.call('ZADD', INTENTS, now_ms(), order_id)
local shown = value(sale[3], left, sale[2], version)
tell(cjson.encode(sku) .. ':' .. shown, {sku, shown})
return claim
