-- Which values have no register, which only reads. Returns the numbers of their keys.
-- ARGV: what the hashes' names begin with, what the values' names begin with, the buckets of the keys as a JSON list of texts, and the keys as another: so many
-- arguments would cost the client more than all else.
local buckets, keys, lacking = cjson.decode(ARGV[3]), cjson.decode(ARGV[4]), {}
local pcall, hashes = redis.pcall, ARGV[1]
for i, key in ipairs(keys) do
  -- What is no hash holds no registers. A value that is gone meanwhile was forgotten together with its register.
  if pcall('HEXISTS', hashes .. buckets[i], key) ~= 1 and redis.call('EXISTS', ARGV[2] .. key) == 1 then
    lacking[#lacking + 1] = i - 1
  end
end
return lacking
