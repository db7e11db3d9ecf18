-- What all scripts of the ledger share. It stands before each of them.
--
-- Redis does not undo a script that fails half-way, so nothing here may fail between
-- the first write and the last. All keys of a product share one hash slot.
local SALE, LEFT, BUYERS, CLAIMS, INTENTS, GIVEN_BACK, LOG, STATE, META = unpack(KEYS)
local LOG_LENGTH = 1000

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- What viewers are told of an SKU.
local function status(state, left)
  if state == 'armed' then return 'opens_soon' end
  if state == 'paused' then return 'paused' end
  if state == 'open' and left > 0 then return 'on_sale' end
  return 'sold_out'
end

-- The value of an SKU as viewers get it; `label` is what never changes in it (sale_fields.py).
local function value(label, left, state, version)
  return '{' .. label .. ',"available":' .. left .. ',"status":"' .. status(state, left)
    .. '","version":' .. version .. '}'
end

-- Write one entry to the room. `values` are names and their values in turn, for HSET.
local function tell(changes, values)
  local offset = redis.call('HINCRBY', META, 'offset', 1)
  if offset == 1 then
    -- A room made anew: offsets of an older one must not be taken for this one's.
    local time = redis.call('TIME')
    redis.call('DEL', LOG)
    redis.call('HSET', META, 'epoch', string.format('%x.%x', time[1], time[2]))
  end
  redis.call('HSET', STATE, unpack(values))
  redis.call('XADD', LOG, 'MAXLEN', '~', LOG_LENGTH, offset .. '-0', 'changes', '{' .. changes .. '}')
end

-- Tell viewers of every SKU whose status the new state changes. `from` is nil when there was none.
local function show(from, to)
  local book = redis.call('HGETALL', LEFT)
  local changes, values = {}, {}
  for i = 1, #book, 2 do
    local sku = string.match(book[i], '^left:(.*)$')
    local left = tonumber(book[i + 1])
    if sku and (from == nil or status(from, left) ~= status(to, left)) then
      local version = redis.call('HINCRBY', LEFT, 'version:' .. sku, 1)
      local shown = value(redis.call('HGET', SALE, 'label:' .. sku), left, to, version)
      changes[#changes + 1] = cjson.encode(sku) .. ':' .. shown
      values[#values + 1] = sku
      values[#values + 1] = shown
    end
  end
  if #changes > 0 then tell(table.concat(changes, ','), values) end
end

local function change_state(from, to)
  redis.call('HSET', SALE, 'state', to)
  show(from, to)
  return to
end

-- The first script to see that its time has come opens an armed sale; one that is over by then stays shut.
local function open_by_clock(state, opens_ms, closes_ms, now)
  local opens, closes = tonumber(opens_ms), tonumber(closes_ms)
  if state == 'armed' and opens and now >= opens and not (closes and now >= closes) then
    return change_state(state, 'open')
  end
  return state
end

-- The claims of these orders; in pieces, since Lua unpacks only some thousands at once.
local function claims_of(ids)
  local found = {}
  for first = 1, #ids, 1000 do
    local piece = redis.call('HMGET', CLAIMS, unpack(ids, first, math.min(first + 999, #ids)))
    for _, claim in ipairs(piece) do
      if claim then found[#found + 1] = claim end
    end
  end
  return found
end
