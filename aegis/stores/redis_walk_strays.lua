-- One step of a walk over a table's values, which only reads. Returns the next cursor, then the key of each value that has no register.
-- ARGV: cursor, pattern of the values' names, their prefix, prefix of the registers' names, how many names a step looks at.
local answer = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[5])
local names, found = answer[2], {answer[1]}
local from, before, registers = #ARGV[3] + 1, ARGV[4], {}
for i = 1, #names do
  registers[i] = before .. string.sub(names[i], from)
end
-- As a rule all have one: a single command tells.
if #names > 0 and redis.call('EXISTS', unpack(registers)) < #names then
  for i = 1, #names do
    if redis.call('EXISTS', registers[i]) == 0 then
      found[#found + 1] = string.sub(names[i], from)
    end
  end
end
return found
