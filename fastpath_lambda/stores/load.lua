-- Make a generation the product's sale. Answers 1, or 0 where it is (or was) loaded already.
local wanted = cjson.decode(ARGV[1])

local loaded = tonumber(redis.call('HGET', SALE, 'generation') or 0)
-- Its units may be sold by now: loading a retired generation again would sell them twice.
if loaded >= tonumber(wanted.sale.generation) or redis.call('EXISTS', LEFT) == 1 then return 0 end

redis.call('DEL', SALE)
for field, text in pairs(wanted.sale) do redis.call('HSET', SALE, field, text) end
for sku, units in pairs(wanted.units) do
  redis.call('HSET', LEFT, 'left:' .. sku, units, 'version:' .. sku, wanted.versions[sku] or '0')
end
redis.call('HSET', LEFT, 'number', wanted.number, 'given-back', wanted.number)
show(nil, wanted.sale.state)
return 1
