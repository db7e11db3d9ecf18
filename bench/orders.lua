-- One order a request: a buyer and a key that were never seen before.
local sku, run
local number = 0

function init(args)
  sku, run = args[1], args[2]
end

function request()
  number = number + 1
  local name = run .. "-" .. number
  local body = '{"sku":"' .. sku .. '","quantity":1,"email":"' .. name .. '@example.org","name":"Ada",'
    .. '"address":{"line1":"1 Pier Road","city":"Hull","postcode":"HU1 1AA","country":"GB"},"payment_token":"tok_ok"}'
  return wrk.format("POST", nil, {["Content-Type"] = "application/json", ["Idempotency-Key"] = name}, body)
end
