-- Put registers and values back where neither is there, many keys of one table a call. Returns of how many keys.
-- KEYS: the table's generation counter ('' where it has none), then the hash of registers of every key, then the value of every key.
-- ARGV: how long the prefix of the values' names is; then the register of every key, then its value: '-' for none, '+' and the text of a string, '=' and the
-- dump of a value of another type.
local number, from = (#ARGV - 1) / 2, ARGV[1] + 1
local restored, seen = 0, 0
for i = 1, number do
  local hash, value = KEYS[i + 1], KEYS[number + i + 1]
  local key = string.sub(value, from)
  local there = redis.pcall('HEXISTS', hash, key)
  if there ~= 1 and redis.call('EXISTS', value) == 0 then
    local register, image = ARGV[i + 1], ARGV[number + i + 1]
    if string.sub(register, 1, 1) == '+' then
      if there ~= 0 then
        -- Somebody's own key stands where registers belong.
        redis.call('DEL', hash)
      end
      redis.call('HSET', hash, key, string.sub(register, 2))
    end
    local kind, text = string.sub(image, 1, 1), string.sub(image, 2)
    if kind == '+' then
      redis.call('SET', value, text)
    elseif kind == '=' then
      redis.call('RESTORE', value, 0, text)
    end
    seen = seen + (kind ~= '-' and 1 or 0)
    restored = restored + 1
  end
end
if seen > 0 and KEYS[1] ~= '' then
  redis.call('INCR', KEYS[1])
end
return restored
