-- Take units for requests of one sale: all checks and all writes of "Take", in one step.
-- ARGV: generation, revision; then of each request its order id, SKU, buyer, account (or ''), claim's tail and quantity,
-- and the order ids that its key had in the earlier generations whose claims are the keys after the ledger's nine.
-- Answers of each {'first', claim} | {'taken', number, accepted_ms} | {'refused', why} | {'stale'}.
--
-- Each is decided in its turn, as if it had come alone, on what the ones before it left in these
-- locals. The store is read before and written after: what a call costs, all its requests share.
local EARLIER = #KEYS - 9
local FIRST, EACH = 3, 6 + EARLIER

-- The values of these fields by their names.
local function read(key, fields)
  local found = {}
  for i, text in ipairs(redis.call('HMGET', key, unpack(fields))) do found[fields[i]] = text end
  return found
end

local ids, buyers, skus, known = {}, {}, {}, {}
local sale_fields = {'generation', 'revision', 'state', 'opens_ms', 'closes_ms', 'limit'}
local book_fields = {'number'}
for i = FIRST, #ARGV, EACH do
  local sku = ARGV[i + 1]
  ids[#ids + 1], buyers[#buyers + 1] = ARGV[i], ARGV[i + 2]
  if ARGV[i + 3] ~= '' then buyers[#buyers + 1] = ARGV[i + 3] end
  if not known[sku] then
    known[sku], skus[#skus + 1] = true, sku
    sale_fields[#sale_fields + 1] = 'label:' .. sku
    book_fields[#book_fields + 1], book_fields[#book_fields + 2] = 'left:' .. sku, 'version:' .. sku
  end
end

-- By the request's place: what its key was answered before this sale. That never changes while the sale is on.
local answered = {}
for n = 1, EARLIER do
  local asked = {}
  for i = FIRST, #ARGV, EACH do asked[#asked + 1] = ARGV[i + 5 + n] end
  for place, claim in ipairs(redis.call('HMGET', KEYS[9 + n], unpack(asked))) do
    answered[place] = claim or answered[place]
  end
end

local now = now_ms()
local claims, bought, sale = read(CLAIMS, ids), read(BUYERS, buyers), read(SALE, sale_fields)
local state, limit, closes_ms = sale.state, tonumber(sale.limit), tonumber(sale.closes_ms)

-- Why nobody gets anything now, or nil.
local function shut()
  if sale.generation ~= ARGV[1] or sale.revision ~= ARGV[2] then return {'stale'} end
  if state == 'closing' or state == 'closed' or (closes_ms and now >= closes_ms) then
    return {'refused', 'closed'}
  end
  state = open_by_clock(state, sale.opens_ms, sale.closes_ms, now)
  if state == 'paused' then return {'refused', 'paused'} end
  if state ~= 'open' then return {'refused', 'not_open'} end
end

local nobody = shut()
-- After shut(): opening the sale counts versions.
local book = read(LEFT, book_fields)
local number, left, version, touched = tonumber(book.number or 0), {}, {}, {}
for _, sku in ipairs(skus) do
  left[sku], version[sku] = tonumber(book['left:' .. sku] or 0), tonumber(book['version:' .. sku] or 0)
end
local new_claims, new_intents, new_totals = {}, {}, {}

local function decide(order_id, sku, buyer, account, tail, quantity)
  if claims[order_id] then return {'first', claims[order_id]} end
  if nobody then return nobody end
  if not sale['label:' .. sku] then return {'refused', 'bad_request'} end
  -- Whoever is logged in is two buyers: their e-mail and, with whatever e-mail, their account.
  local of_account = account ~= '' and tonumber(bought[account] or 0) + quantity
  local total = tonumber(bought[buyer] or 0) + quantity
  if total > limit or (of_account and of_account > limit) then return {'refused', 'over_limit'} end
  if left[sku] < quantity then return {'refused', 'sold_out'} end

  number, left[sku], version[sku], touched[sku] = number + 1, left[sku] - quantity, version[sku] + 1, true
  local claim = '{"number":' .. number .. ',"accepted_ms":' .. now .. ',' .. tail
  claims[order_id], bought[buyer] = claim, total
  new_claims[#new_claims + 1], new_claims[#new_claims + 2] = order_id, claim
  new_intents[#new_intents + 1], new_intents[#new_intents + 2] = now, order_id
  new_totals[#new_totals + 1], new_totals[#new_totals + 2] = buyer, total
  if of_account then
    bought[account] = of_account
    new_totals[#new_totals + 1], new_totals[#new_totals + 2] = account, of_account
  end
  return {'taken', number, now}
end

local answers = {}
for i = FIRST, #ARGV, EACH do
  local first = answered[#answers + 1]
  answers[#answers + 1] = first and {'first', first} or decide(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3],
    ARGV[i + 4], tonumber(ARGV[i + 5]))
end
if #new_claims == 0 then return answers end

local counts, changes, values = {'number', number}, {}, {}
for _, sku in ipairs(skus) do
  if touched[sku] then
    local n, shown = #counts, value(sale['label:' .. sku], left[sku], state, version[sku])
    counts[n + 1], counts[n + 2], counts[n + 3], counts[n + 4] =
      'left:' .. sku, left[sku], 'version:' .. sku, version[sku]
    changes[#changes + 1] = cjson.encode(sku) .. ':' .. shown
    values[#values + 1], values[#values + 2] = sku, shown
  end
end
redis.call('HSET', LEFT, unpack(counts))
redis.call('HSET', BUYERS, unpack(new_totals))
redis.call('HSET', CLAIMS, unpack(new_claims))
redis.call('ZADD', INTENTS, unpack(new_intents))
tell(table.concat(changes, ','), values)
return answers
