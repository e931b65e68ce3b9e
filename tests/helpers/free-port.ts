/**
 * Ports for what must know its own before it listens. Owns the choice; keeps nothing open, so it cannot promise that a port stays free.
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

/** Below it lie services that a machine may start at any time, and ports that no browser calls (10080 is the last of those). */
const lowest = 10_100

/**
 * A free TCP port of 127.0.0.1, and a different one each time. Where the machine leaves us a thousand, not one that it gives away by itself, as
 * to all who listen on 0 or call out: until ours is listened on, it would be somebody else's once in a few hundred runs.
 */
export async function freePort(): Promise<number> {
  const [from, to] = ours()
  for (let tries = 0; tries < 100; tries++) {
    const port = from + Math.floor(Math.random() * (to - from))
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    return port
  }
  throw new Error(`no port from ${from} to ${to} is free`)
}

const given = new Set<number>()

/** Below what the system gives away, or else above it; the end is not among them. */
function ours(): [from: number, to: number] {
  const [first, last] = givenAway()
  if (first - lowest >= 1000) return [lowest, first]
  if (65_535 - last >= 1000) return [last + 1, 65_536]
  return [lowest, 65_536]
}

function givenAway(): [first: number, last: number] {
  try {
    const [first, last] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1').split(/\s+/).map(Number)
    return [first!, last!]
  } catch {
    // What IANA keeps for it (RFC 6335), where the system is not Linux.
    return [49_152, 65_535]
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
