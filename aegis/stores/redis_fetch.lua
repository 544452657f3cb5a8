-- Registers and values of some keys as of one moment, which only reads. Returns the register of every key, then the value of every key; nothing where there is
-- none, and where it is of another type.
-- KEYS: the hash of registers of every key, then the value of every key. ARGV: how long the prefix of the values' names is.
local found, number, from = {}, #KEYS / 2, ARGV[1] + 1
local values = redis.call('MGET', unpack(KEYS, number + 1))
for i = 1, number do
  local register = redis.pcall('HGET', KEYS[i], string.sub(KEYS[number + i], from))
  found[i] = type(register) == 'string' and register
  found[number + i] = values[i]
end
return found
