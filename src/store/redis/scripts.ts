/** Lua scripts, atomic on one key. Times are the server's, so gates agree. An index is a sorted set scored by expiry (milliseconds since the epoch). */

const nowMs = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`

export const scripts = {
  /** expected, next, lifetime in ms or '' to keep it → 1 or 0 */
  gateReplace: {
    numberOfKeys: 1,
    lua: `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[3] == '' then redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1`
  },
  /** Redis completes a script at `maxmemory` once it has written (script.c), so the first write changes nothing. */
  gateReplaceInNeed: {
    numberOfKeys: 1,
    lua: `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local left = redis.call('PTTL', KEYS[1])
if left > 0 then redis.call('PEXPIRE', KEYS[1], left) else redis.call('PERSIST', KEYS[1]) end
if ARGV[3] == '' then redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1`
  },
  /** expected → 1 or 0 */
  gateDelete: {
    numberOfKeys: 1,
    lua: `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`
  },
  /** lifetime in ms → the new count */
  gateIncrement: {
    numberOfKeys: 1,
    lua: `local isNew = redis.call('EXISTS', KEYS[1]) == 0
local count = redis.call('INCR', KEYS[1])
if isNew then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return count`
  },
  /** member, lifetime in ms or '' for no end. The set expires with its last member. */
  gateLink: {
    numberOfKeys: 1,
    lua: `${nowMs}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], ARGV[2] == '' and '+inf' or now + ARGV[2], ARGV[1])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
if last == 'inf' then redis.call('PERSIST', KEYS[1])
else redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last)) end
return 1`
  },
  /** → the time, then live members and their expiries, alternating */
  gateMembers: {
    numberOfKeys: 1,
    lua: `${nowMs}
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', now), '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[1])
table.insert(found, 1, string.format('%.0f', now))
return found`
  }
} as const

export type ScriptName = keyof typeof scripts
