-- One step of a walk over the names of a table's values, which only reads. Returns the next cursor, how many there are, and, where they are asked for, their
-- keys: a text with a line each; a list, where a key has more lines than one.
-- ARGV: cursor, pattern of the values' names, their prefix, how many names a step looks at, whether keys are asked for (1, 0).
local answer = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[4])
local names, from = answer[2], #ARGV[3] + 1
if ARGV[5] == '0' then
  return {answer[1], #names}
end
local keys = {}
for i = 1, #names do
  keys[i] = string.sub(names[i], from)
end
local text = table.concat(keys, '\n')
local _, breaks = string.gsub(text, '\n', '')
return {answer[1], #names, breaks == #keys - 1 and text or keys}
