-- Writes values of one product, or of one show, into its room, on the shop's behalf.
--
-- Dropped whole while the product's sale is in the ledger, which then writes the room
-- itself; a value that is not newer than the room's is dropped alone. Both checks and
-- the write are one step, so a late message never covers a newer truth.
--
-- KEYS: the product's sale (of a show: a key that never exists), the room's meta, its state, its log
-- ARGV: an epoch (used if the room is new), the log's length, 'whole' or 'part',
--       then for each value: its name, its version, its JSON
-- Returns the room's offset, or -1 while the ledger owns the room.

local sale, meta, state, log = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local whole = ARGV[3] == 'whole'

if redis.call('EXISTS', sale) == 1 and redis.call('HGET', sale, 'state') ~= 'closed' then
    -- The ledger writes all SKUs of its product, so whatever is there is whole.
    redis.call('HDEL', meta, 'partial')
    return -1
end

if redis.call('HEXISTS', meta, 'epoch') == 0 then
    redis.call('DEL', log)
    redis.call('HSET', meta, 'epoch', ARGV[1], 'offset', 0)
    -- One SKU's change does not make a room: who reads it first adds the others.
    if not whole then redis.call('HSET', meta, 'partial', 1) end
end
if whole then redis.call('HDEL', meta, 'partial') end

local changes = {}
for i = 4, #ARGV, 3 do
    local name, version, value = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
    local held = redis.call('HGET', state, name)
    if not held or cjson.decode(held).version < version then
        redis.call('HSET', state, name, value)
        changes[#changes + 1] = cjson.encode(name) .. ':' .. value
    end
end
if #changes == 0 then
    return tonumber(redis.call('HGET', meta, 'offset'))
end

local offset = redis.call('HINCRBY', meta, 'offset', 1)
redis.call('XADD', log, 'MAXLEN', '~', ARGV[2], offset .. '-0',
           'changes', '{' .. table.concat(changes, ',') .. '}')
return offset
