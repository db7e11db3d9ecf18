-- Forget the sale; what its generation left behind stays readable for ARGV[2] seconds.
for _, key in ipairs({LEFT, BUYERS, CLAIMS, INTENTS, GIVEN_BACK}) do redis.call('EXPIRE', key, ARGV[2]) end
if redis.call('HGET', SALE, 'generation') == ARGV[1] then redis.call('DEL', SALE) end
return 1
