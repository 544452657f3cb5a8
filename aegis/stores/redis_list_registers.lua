-- The registers of some buckets, a part of them a call; only reads. Returns how many of the buckets were read; then, of each that has registers, its number and
-- as a rule the keys, a line each; their stamps and claims by turns, decimals between commas; whether readers find their values (1, 0), '' where all are found;
-- where anything is out of the ordinary, one list: for each register its key, its beginning and whether readers find its value.
-- ARGV: the buckets between commas, what the hashes' names begin with, what the values' names begin with, how many registers are enough, length of a beginning.
local hashes, values, enough = ARGV[2], ARGV[3], tonumber(ARGV[4])

-- Whether readers find the values of `keys`: '' where they find all.
local function sight(keys)
  local number, chunks, visible = #keys, {}, 0
  for first = 1, number, CHUNK do
    local names = {}
    for i = first, math.min(first + CHUNK - 1, number) do
      names[i - first + 1] = values .. keys[i]
    end
    local count = call('EXISTS', unpack(names))
    visible = visible + count
    chunks[#chunks + 1] = {names, count}
  end
  if visible == number then
    return ''
  end
  local seen = {}
  for _, chunk in ipairs(chunks) do
    local names, count = chunk[1], chunk[2]
    for _, name in ipairs(names) do
      seen[#seen + 1] = (count == #names and 1) or (count == 0 and 0) or call('EXISTS', name)
    end
  end
  return concat(seen)
end

local function columns(bucket, found)
  local start, keys, numbers, ordinary = beginning(bucket), {}, {}, true
  for i = 1, #found, 2 do
    local stamp, claim = read(found[i + 1], start)
    keys[(i + 1) / 2] = found[i]
    if stamp then
      numbers[i], numbers[i + 1] = stamp, claim
    else
      ordinary = false
    end
  end
  local seen = sight(keys)
  if ordinary and not find(concat(keys), '\n', 1, true) then
    return concat(keys, '\n'), concat(numbers, ','), seen
  end
  local lines = {}
  for i, key in ipairs(keys) do
    lines[#lines + 1] = key
    lines[#lines + 1] = sub(found[2 * i], 1, ARGV[5])
    lines[#lines + 1] = (seen == '' or sub(seen, i, i) == '1') and 1 or 0
  end
  return lines
end

local answer, looked, done = {0}, 0, 0
for bucket in string.gmatch(ARGV[1], '%d+') do
  if looked >= enough then
    break
  end
  local found = registers(hashes .. bucket)
  if #found > 0 then
    answer[#answer + 1] = {tonumber(bucket), columns(bucket, found)}
  end
  looked, done = looked + #found / 2 + 1, done + 1
end
answer[1] = done
return answer
