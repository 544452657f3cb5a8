-- Compare and delete, many keys of one table a call. Returns how many keys had something that went.
-- KEYS: the table's generation counter ('' where it has none), then the register of every key, then the value of every key.
-- ARGV: the register of every key as it was read ('' where there was none that is a string): only where it still is the same, something goes.
local number = #ARGV
local registers = redis.call('MGET', unpack(KEYS, 2, number + 1))
local gone, unseen = 0, 0
for i = 1, number do
  if (registers[i] or '') == ARGV[i] then
    local values = redis.call('DEL', KEYS[number + i + 1])
    unseen = unseen + values
    if redis.call('DEL', KEYS[i + 1]) + values > 0 then
      gone = gone + 1
    end
  end
end
if unseen > 0 and KEYS[1] ~= '' then
  redis.call('INCR', KEYS[1])
end
return gone
