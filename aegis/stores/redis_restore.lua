-- Put registers and values back where neither is there, many keys of one table a call. Returns of how many keys.
-- KEYS: the table's generation counter ('' where it has none), then the register of every key, then the value of every key.
-- ARGV: the register of every key, then its value: '-' for none, '+' and the text of a string, '=' and the dump of anything else.
local number = #ARGV / 2
local restored, seen = 0, 0
local function put(name, image)
  local kind, text = string.sub(image, 1, 1), string.sub(image, 2)
  if kind == '+' then
    redis.call('SET', name, text)
  elseif kind == '=' then
    redis.call('RESTORE', name, 0, text)
  end
  return kind ~= '-'
end
for i = 1, number do
  local register, value = KEYS[i + 1], KEYS[number + i + 1]
  if redis.call('EXISTS', register, value) == 0 then
    put(register, ARGV[i])
    if put(value, ARGV[number + i]) then
      seen = seen + 1
    end
    restored = restored + 1
  end
end
if seen > 0 and KEYS[1] ~= '' then
  redis.call('INCR', KEYS[1])
end
return restored
