-- Compare and set, many records of one table a call. Returns one character a record: 1 applied, 0 stale.
-- KEYS: the table's generation counter ('' where it has none), then the register of every record, then the value (readers' key) of every record.
-- ARGV: for each record its register (JSON that begins with the stamp) and its value (JSON; '' makes a tombstone). No record stands in a call twice.
-- Stamps are decimals of 64 bits, more than a Lua number holds: they are compared as text, the shorter one being the smaller.
-- One read and one write for the whole call: a command costs more than what it does.
local STAMP = '^{"stamp":(%d+)'
local keys, values, match = KEYS, ARGV, string.match
local number = #values / 2
local stored = redis.call('MGET', unpack(keys, 2, number + 1))
local verdicts, written, removed = {}, {}, {}
for i = 1, number do
  local stamp = match(values[2 * i - 1], STAMP)
  local held = stored[i] and match(stored[i], STAMP)
  if held and (#stamp < #held or (#stamp == #held and stamp < held)) then
    verdicts[i] = '0'
  else
    verdicts[i] = '1'
    local n = #written
    written[n + 1] = keys[i + 1]
    written[n + 2] = values[2 * i - 1]
    if values[2 * i] == '' then
      removed[#removed + 1] = keys[number + i + 1]
    else
      written[n + 3] = keys[number + i + 1]
      written[n + 4] = values[2 * i]
    end
  end
end
if #written > 0 then
  redis.call('MSET', unpack(written))
  if #removed > 0 then
    redis.call('DEL', unpack(removed))
  end
  if keys[1] ~= '' then
    redis.call('INCR', keys[1])
  end
end
return table.concat(verdicts)
