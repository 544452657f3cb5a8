-- What stands before the scripts that read registers by bucket.
local match, sub, find, concat, call = string.match, string.sub, string.find, table.concat, redis.call
-- More names than `unpack` takes may be in one bucket.
local CHUNK = 1000

-- The registers of one bucket, key and register by turns. What is no hash holds no registers: somebody's own key, which the next write takes away.
local function registers(hash)
  local found = redis.pcall('HGETALL', hash)
  if found.err then
    if not find(found.err, 'WRONGTYPE', 1, true) then
      error(found.err, 0)
    end
    return {}
  end
  return found
end

-- How a register of `bucket` begins: stamp and claim are captured.
local function beginning(bucket)
  return '^{"stamp":([1-9]%d*),"bucket":' .. bucket .. ',"claim":(%d+),'
end

-- Stamp and claim of a register, as text; nothing where it is out of the ordinary, and where the stamp has more digits than are told apart here.
local function read(register, start)
  local stamp, claim = match(register, start)
  if stamp and #stamp <= 18 and (#stamp > 1 or stamp >= '4') and #claim <= 10 and claim + 0 < 4294967296 then
    return stamp, claim
  end
end
