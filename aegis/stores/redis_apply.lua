-- Compare and set, many records of one table a call. Returns one character a record: 1 applied, 0 stale.
-- KEYS: the table's generation counter ('' where it has none), then the hash of registers of every record, then the value (readers' key) of every record.
-- ARGV: how long the prefix of the values' names is (the rest of a name is the key, a field of the hash); then for each record its register (JSON that begins
-- with the stamp) and its value (JSON; '' makes a tombstone). No record stands in a call twice.
-- Stamps are decimals of 64 bits, more than a Lua number holds: they are compared as text, the shorter one being the smaller.
-- The records of a call seldom share a hash, so that reads and writes by hash would only cost the sorting; the values are written by one command.
local STAMP = '^{"stamp":(%d+)'
local keys, values, match, sub, call, pcall = KEYS, ARGV, string.match, string.sub, redis.call, redis.pcall
local number, from = (#values - 1) / 2, ARGV[1] + 1
local verdicts, written, removed = {}, {}, {}
local applied = false
for i = 1, number do
  local hash, value, register, content = keys[i + 1], keys[number + i + 1], values[2 * i], values[2 * i + 1]
  local key = sub(value, from)
  local stored = pcall('HGET', hash, key)
  if type(stored) == 'table' then
    if not string.find(stored.err, 'WRONGTYPE', 1, true) then
      return stored
    end
    -- Somebody's own key stands where registers belong: it must not keep them away for ever.
    call('DEL', hash)
    stored = false
  end
  local stamp = match(register, STAMP)
  local held = stored and match(stored, STAMP)
  if held and (#stamp < #held or (#stamp == #held and stamp < held)) then
    verdicts[i] = '0'
  else
    verdicts[i] = '1'
    applied = true
    call('HSET', hash, key, register)
    if content == '' then
      removed[#removed + 1] = value
    else
      local n = #written
      written[n + 1] = value
      written[n + 2] = content
    end
  end
end
if applied then
  if #written > 0 then
    call('MSET', unpack(written))
  end
  if #removed > 0 then
    call('DEL', unpack(removed))
  end
  if keys[1] ~= '' then
    call('INCR', keys[1])
  end
end
return table.concat(verdicts)
