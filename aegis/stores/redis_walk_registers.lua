-- One step of a walk over a table's registers, which only reads. Returns the next cursor, then:
-- as a rule the keys, a line each; stamp, bucket and claim of each, decimals between commas; and whether readers find its value (1, 0), where not all do;
-- where any key or register of the step is out of the ordinary, a list: for each its key, its beginning and whether readers find a value.
-- A register that is no string has no beginning ('').
-- ARGV: cursor, pattern of the registers' names, their prefix, prefix of the values' names, how many names a step looks at, length of a beginning.
local START = '^{"stamp":(%d+),"bucket":(%d+),"claim":(%d+),'
local match, sub = string.match, string.sub
local answer = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[5])
local names = answer[2]
local number, from, before = #names, #ARGV[3] + 1, ARGV[4]
if number == 0 then
  return {answer[1]}
end
local registers = redis.call('MGET', unpack(names))
local keys, values, numbers, ordinary = {}, {}, {}, true
for i = 1, number do
  local key = sub(names[i], from)
  keys[i] = key
  values[i] = before .. key
  local stamp, bucket, claim = match(registers[i] or '', START)
  -- As long as this they fit integers of 64, 16 and 64 bits.
  if stamp and #stamp <= 18 and #bucket <= 4 and #claim <= 10 then
    numbers[i] = stamp .. ',' .. bucket .. ',' .. claim
  else
    ordinary = false
  end
end
local seen = {}
local visible = redis.call('EXISTS', unpack(values))
if visible < number then
  for i = 1, number do
    seen[i] = redis.call('EXISTS', values[i])
  end
end
if ordinary and not string.find(table.concat(keys), '\n', 1, true) then
  return {answer[1], table.concat(keys, '\n'), table.concat(numbers, ','), table.concat(seen)}
end
local found = {}
for i = 1, number do
  found[#found + 1] = keys[i]
  found[#found + 1] = sub(registers[i] or '', 1, ARGV[6])
  found[#found + 1] = visible == number and 1 or seen[i]
end
return {answer[1], found}
