-- One generation at one instant: what is left, in fields and values; the claims not yet confirmed; the
-- orders whose units came back and are not settled.
return {
  redis.call('HGETALL', LEFT),
  claims_of(redis.call('ZRANGE', INTENTS, 0, -1)),
  redis.call('ZRANGEBYSCORE', GIVEN_BACK, 1, '+inf'),
}
