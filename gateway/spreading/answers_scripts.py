"""What Redis does at once for gateway/spreading/answers.py.

KEYS of all scripts: values (hash: name → sealed entry), facts (hash: name → "size mark member", and "#bytes" for their sum), used
(sorted set: name by last use in µs), alike (sorted set of "group:made:name", read in the order of its letters) and vectors
(hash: member → floats).  They lie in one slot of a cluster.  The whole shelf is gone when nothing was put for the greatest age.
"""

from __future__ import annotations

from typing import Final

_DROP: Final = """
local function drop(name)
  local facts = redis.call('HGET', KEYS[2], name)
  if not facts then return 0 end
  local size, member = string.match(facts, '^(%d+) %S+ (.*)$')
  redis.call('HDEL', KEYS[1], name)
  redis.call('HDEL', KEYS[2], name)
  redis.call('ZREM', KEYS[3], name)
  if member ~= '' then
    redis.call('ZREM', KEYS[4], member)
    redis.call('HDEL', KEYS[5], member)
  end
  redis.call('HINCRBY', KEYS[2], '#bytes', -size)
  return 1
end
local function now()
  local time = redis.call('TIME')
  return string.format('%.0f', time[1] * 1000000 + time[2])
end
"""

GET: Final = (
    _DROP
    + """
local value = redis.call('HGET', KEYS[1], ARGV[1])
if value then redis.call('ZADD', KEYS[3], now(), ARGV[1]) end
return value
"""
)

PUT: Final = (
    _DROP
    + """
local name, value, size, mark, ttl, most, bytes, group, vector = unpack(ARGV)
drop(name)
local at, member = now(), ''
if group ~= '' then
  member = group .. ':' .. at .. ':' .. name
  redis.call('ZADD', KEYS[4], 0, member)
  redis.call('HSET', KEYS[5], member, vector)
end
redis.call('HSET', KEYS[1], name, value)
redis.call('HSET', KEYS[2], name, size .. ' ' .. mark .. ' ' .. member)
redis.call('HINCRBY', KEYS[2], '#bytes', size)
redis.call('ZADD', KEYS[3], at, name)
while redis.call('ZCARD', KEYS[3]) > tonumber(most)
    or tonumber(redis.call('HGET', KEYS[2], '#bytes')) > tonumber(bytes) do
  local oldest = redis.call('ZRANGE', KEYS[3], 0, 0)[1]
  if not oldest then break end
  drop(oldest)
  redis.call('ZREM', KEYS[3], oldest)
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ttl) end
return 1
"""
)

FORGET: Final = (
    _DROP
    + """
local facts = redis.call('HGET', KEYS[2], ARGV[1])
if facts and string.match(facts, '^%d+ (%S+) ') == ARGV[2] then return drop(ARGV[1]) end
return 0
"""
)

ALIKE: Final = """
local members = redis.call(
  'ZREVRANGEBYLEX', KEYS[4], '(' .. ARGV[1] .. ';', '[' .. ARGV[1] .. ':', 'LIMIT', 0, ARGV[2])
if #members == 0 then return {} end
local vectors, found = redis.call('HMGET', KEYS[5], unpack(members)), {}
for n, member in ipairs(members) do
  if vectors[n] then
    found[#found + 1] = string.match(member, '([^:]+)$')
    found[#found + 1] = vectors[n]
  end
end
return found
"""
""";" follows ":" in the order of bytes, so the range is all members of the group."""

ALL: Final = {"get": GET, "put": PUT, "forget": FORGET, "alike": ALIKE}
