-- Compare and delete, many keys of one table a call. Returns how many keys had something that went.
-- KEYS: the table's generation counter ('' where it has none), then the hash of registers of every key, then the value of every key.
-- ARGV: how long the prefix of the values' names is; then the register of every key as it was read ('' where there was none): only where it still is the same,
-- something goes.
local number, from = #ARGV - 1, ARGV[1] + 1
local gone, unseen = 0, 0
for i = 1, number do
  local hash, value = KEYS[i + 1], KEYS[number + i + 1]
  local key = string.sub(value, from)
  local register = redis.pcall('HGET', hash, key)
  local held = type(register) == 'string' and register or '' -- What is no hash holds no registers.
  if held == ARGV[i + 1] then
    local values = redis.call('DEL', value)
    unseen = unseen + values
    if (type(register) == 'string' and redis.call('HDEL', hash, key) or 0) + values > 0 then
      gone = gone + 1
    end
  end
end
if unseen > 0 and KEYS[1] ~= '' then
  redis.call('INCR', KEYS[1])
end
return gone
