-- One order a request: one ticket for a buyer who was never seen before.
local item, token, run
local number = 0

function init(args)
  item, token, run = args[1], args[2], args[3]
end

function request()
  number = number + 1
  local body = '{"email":"' .. run .. "-" .. number .. '@example.org","locale":"en","sales_channel":"web",'
    .. '"payment_provider":"manual","send_email":false,"invoice_address":{"is_business":false,"company":"",'
    .. '"name_parts":{"full_name":"Ada"},"street":"1 Pier Road","zipcode":"HU1 1AA","city":"Hull","country":"GB",'
    .. '"internal_reference":"","vat_id":""},"positions":[{"item":' .. item .. ',"variation":null,"answers":[]}]}'
  return wrk.format("POST", nil, {["Content-Type"] = "application/json", ["Authorization"] = "Token " .. token}, body)
end
