-- Compare and set, many records of one table a call. Returns one character a record: 1 applied, 0 stale.
-- KEYS: the table's generation counter ('' where it has none), then for each record its register (a hash) and its value (readers' key).
-- ARGV: applied_at, then for each record stamp, bucket, claim, position (JSON) and value (JSON; '' makes a tombstone).
-- Stamps are decimals of 64 bits, more than a Lua number holds: they are compared as text, the shorter one being the smaller.
local call, keys, values = redis.call, KEYS, ARGV
local verdicts, applied, now = {}, false, ARGV[1]
for i = 1, (#keys - 1) / 2 do
  local register, value = keys[2 * i], keys[2 * i + 1]
  local a = 5 * i - 3
  local stamp = values[a]
  local stored = call('HGET', register, 'stamp')
  if stored and (#stamp < #stored or (#stamp == #stored and stamp < stored)) then
    verdicts[i] = '0'
  else
    call('HSET', register, 'stamp', stamp, 'bucket', values[a + 1], 'claim', values[a + 2], 'position', values[a + 3], 'applied_at', now)
    if values[a + 4] == '' then
      call('DEL', value)
    else
      call('SET', value, values[a + 4])
    end
    verdicts[i] = '1'
    applied = true
  end
end
if applied and keys[1] ~= '' then
  call('INCR', keys[1])
end
return table.concat(verdicts)
