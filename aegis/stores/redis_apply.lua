-- Compare and set, many records of one table a call. Returns one character a record: 1 applied, 0 stale.
-- KEYS: the table's generation counter ('' where it has none), then for each record its register (a hash) and its value (readers' key).
-- ARGV: applied_at, then for each record stamp, bucket, claim, position (JSON) and value (JSON; '' makes a tombstone).
-- Stamps are decimals of 64 bits, more than a Lua number holds: they are compared as text, the shorter one being the smaller.
local verdicts = {}
local applied = false
for i = 1, (#KEYS - 1) / 2 do
  local register, value = KEYS[2 * i], KEYS[2 * i + 1]
  local a = 5 * i - 3
  local stamp = ARGV[a]
  local stored = redis.call('HGET', register, 'stamp')
  if stored and (#stamp < #stored or (#stamp == #stored and stamp < stored)) then
    verdicts[i] = '0'
  else
    redis.call('HSET', register, 'stamp', stamp, 'bucket', ARGV[a + 1], 'claim', ARGV[a + 2], 'position', ARGV[a + 3], 'applied_at', ARGV[1])
    if ARGV[a + 4] == '' then
      redis.call('DEL', value)
    else
      redis.call('SET', value, ARGV[a + 4])
    end
    verdicts[i] = '1'
    applied = true
  end
end
if applied and KEYS[1] ~= '' then
  redis.call('INCR', KEYS[1])
end
return table.concat(verdicts)
