/**
 * Ports for what must know its own before it listens. Owns the choice; keeps nothing open, so it cannot promise that a port stays free.
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

/** Below it lie services that a machine may start at any time, and ports that no browser calls (10080 is the last of those). */
const lowest = 10_100

/**
 * A free TCP port of 127.0.0.1, and a different one each time. Not one that the system gives away by itself, as to all who listen on 0 or call
 * out: until ours is listened on, it would be somebody else's once in a few hundred runs.
 */
export async function freePort(): Promise<number> {
  const end = lowestGivenAway()
  for (let tries = 0; tries < 100; tries++) {
    const port = lowest + Math.floor(Math.random() * (end - lowest))
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    return port
  }
  throw new Error(`no port between ${lowest} and ${end} is free`)
}

const given = new Set<number>()

function lowestGivenAway(): number {
  try {
    const first = Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1'), 10)
    if (first > lowest + 1000) return first
  } catch {
    // Not Linux.
  }
  return 32_768
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
