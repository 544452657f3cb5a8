-- What is stored under some keys, which only reads. Returns for each its register ('' where there is none that is a string), and whether there is a register
-- of any kind and a value (1, 0 each).
-- KEYS: the register of every key, then the value of every key.
local found, number = {}, #KEYS / 2
local registers = redis.call('MGET', unpack(KEYS, 1, number))
for i = 1, number do
  found[#found + 1] = registers[i] or ''
  found[#found + 1] = redis.call('EXISTS', KEYS[i])
  found[#found + 1] = redis.call('EXISTS', KEYS[number + i])
end
return found
