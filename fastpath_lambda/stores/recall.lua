-- Before an epoch is loaded anew: claims that are orders, what their buyers have, whose units came back.
-- ARGV: generation, 'all' to forget what an older epoch left of it first, the rest as JSON.
-- Answers 1, or 0 where the generation is loaded: its own numbers stand.
if redis.call('HGET', SALE, 'generation') == ARGV[1] then return 0 end
local kept = cjson.decode(ARGV[3])

if ARGV[2] == 'all' then redis.call('DEL', LEFT, BUYERS, CLAIMS, INTENTS, GIVEN_BACK) end
for order_id, claim in pairs(kept.claims) do redis.call('HSET', CLAIMS, order_id, claim) end
for buyer, units in pairs(kept.buyers) do redis.call('HINCRBY', BUYERS, buyer, units) end
for _, id in ipairs(kept.given_back) do redis.call('ZADD', GIVEN_BACK, -1, id) end
return 1
