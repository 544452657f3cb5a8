-- One step of a walk over a table's registers, which only reads. Returns the next cursor, then for each register its key, its beginning and whether
-- readers find a value (1, 0). A register that is no string has no beginning ('').
-- ARGV: cursor, pattern of the registers' names, their prefix, prefix of the values' names, how many names a step looks at, length of a beginning.
local answer = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[5])
local names, found = answer[2], {answer[1]}
if #names > 0 then
  local registers = redis.call('MGET', unpack(names))
  for i = 1, #names do
    local key = string.sub(names[i], #ARGV[3] + 1)
    found[#found + 1] = key
    found[#found + 1] = string.sub(registers[i] or '', 1, ARGV[6])
    found[#found + 1] = redis.call('EXISTS', ARGV[4] .. key)
  end
end
return found
