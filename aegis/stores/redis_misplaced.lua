-- Which of some keys have a register in hashes of other buckets than their own, which only reads. Returns number of the key and bucket by turns.
-- ARGV: the first bucket to look in and the last, what the hashes' names begin with, the keys' own buckets between commas, then the keys, few enough for
-- `unpack`.
local own, found = {}, {}
for bucket in string.gmatch(ARGV[4], '%d+') do
  own[#own + 1] = tonumber(bucket)
end
for bucket = ARGV[1], ARGV[2] do
  local registers = redis.pcall('HMGET', ARGV[3] .. bucket, unpack(ARGV, 5))
  -- What is no hash holds no registers.
  for i = 1, #registers do
    if registers[i] and own[i] ~= bucket then
      found[#found + 1] = i - 1
      found[#found + 1] = bucket
    end
  end
end
return found
