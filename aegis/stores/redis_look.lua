-- What is stored under some keys, which only reads. Returns for each its register ('' where there is none), and whether there is a register and a value
-- (1, 0 each).
-- KEYS: the hash of registers of every key, then the value of every key. ARGV: how long the prefix of the values' names is.
local found, number, from = {}, #KEYS / 2, ARGV[1] + 1
for i = 1, number do
  local value = KEYS[number + i]
  local register = redis.pcall('HGET', KEYS[i], string.sub(value, from))
  if type(register) ~= 'string' then
    register = nil -- Also where somebody's own key, which is no hash, stands there.
  end
  found[#found + 1] = register or ''
  found[#found + 1] = register and 1 or 0
  found[#found + 1] = redis.call('EXISTS', value)
end
return found
