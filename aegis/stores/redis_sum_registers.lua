-- Sums of a table's registers by bucket, a part of the buckets a call; only reads. Returns the bucket to go on with; then, of each bucket that has registers:
-- bucket, records (no tombstones of deletes), sum of their claims, how many of them readers see, registers in all, highest stamp: decimals between commas, and
-- semicolons between buckets; then the buckets, between commas, in which anything is out of the ordinary, which the others leave out.
-- ARGV: bucket to begin with, number of buckets, what the hashes' names begin with, what the values' names begin with, how many registers are enough.
local hashes, values, enough = ARGV[3], ARGV[4], tonumber(ARGV[5])

local function sums(bucket, found)
  local start, number = beginning(bucket), #found / 2
  local records, claims, visible, highest = number, 0, 0, ''
  for first = 1, number, CHUNK do
    local last, names = math.min(first + CHUNK - 1, number), {}
    for i = first, last do
      local stamp, claim = read(found[2 * i], start)
      if not stamp then
        return nil
      end
      claims = claims + claim
      if #stamp > #highest or (#stamp == #highest and stamp > highest) then
        highest = stamp
      end
      names[i - first + 1] = values .. found[2 * i - 1]
    end
    -- Bytes beyond ASCII might be no text. (To run over what is allowed is quicker than to look for what is not.)
    local text = concat(names)
    if match(text, '^[^\128-\255]*()') <= #text then
      return nil
    end
    local seen = call('EXISTS', unpack(names))
    visible = visible + seen
    if seen < #names then
      for i = first, last do
        local stamp, claim = read(found[2 * i], start)
        if sub(stamp, -2) % 4 == 3 and call('EXISTS', names[i - first + 1]) == 0 then
          records, claims = records - 1, claims - claim
        end
      end
    end
  end
  -- Doubles are exact below 2^53, but written short unless they are told not to be.
  return string.format('%d,%d,%.0f,%d,%d,%s', bucket, records, claims, visible, number, highest)
end

local bucket, looked, lines, odd = tonumber(ARGV[1]), 0, {}, {}
while bucket < tonumber(ARGV[2]) and looked < enough do
  local found = registers(hashes .. bucket)
  if #found > 0 then
    local line = sums(bucket, found)
    if line then
      lines[#lines + 1] = line
    else
      odd[#odd + 1] = bucket
    end
  end
  looked = looked + #found / 2 + 1 -- An empty bucket takes time too.
  bucket = bucket + 1
end
return {bucket, concat(lines, ';'), concat(odd, ',')}
