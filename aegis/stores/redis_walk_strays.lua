-- One step of a walk over a table's values, which only reads. Returns the next cursor, then the key of each value that has no register.
-- ARGV: cursor, pattern of the values' names, their prefix, prefix of the registers' names, how many names a step looks at.
local answer = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[5])
local found = {answer[1]}
for _, name in ipairs(answer[2]) do
  local key = string.sub(name, #ARGV[3] + 1)
  if redis.call('EXISTS', ARGV[4] .. key) == 0 then
    found[#found + 1] = key
  end
end
return found
