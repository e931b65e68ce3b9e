/**
 * A section of the bench in a separate network, with buffers as between machines. On loopback the kernel buffers megabytes for each slow
 * reader, until TCP has no memory and everybody waits for that. It needs root and Linux' `unshare` and `ip`; elsewhere a section uses
 * loopback and says so.
 */
import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { readsTypeScript } from '../fixtures/process/program.ts'
import { kill } from './processes.ts'
import type { Bench, Found } from './report.ts'

const setUp = `set -e
ip link set lo up
echo 4096 16384 262144 > /proc/sys/net/ipv4/tcp_wmem
echo 4096 131072 262144 > /proc/sys/net/ipv4/tcp_rmem
`
const around = (then: string) => ['-n', '--', 'sh', '-c', `${setUp}${then}`]
/** Longer than one.ts takes to end what it has started. */
const patienceMs = 30_000

/** What a section's text says of the network it was measured in. */
export function networkOf({ hasOwnNet = false }: Bench): string {
  return hasOwnNet
    ? 'In a network of its own, with buffers of 256 kB, as between machines.'
    : "On this machine's loopback, where the kernel itself may run out of memory for TCP."
}

/**
 * What the section that `module` exports as `name` finds there. Null where it has to be measured here: it runs there already, or there can
 * be no such network.
 */
export async function inOwnNet(
  { end, isQuick, hasOwnNet }: Bench,
  module: string,
  name: string
): Promise<Found | null> {
  if (hasOwnNet || spawnSync('unshare', around('true'), { stdio: 'ignore' }).status !== 0) return null
  const one = fileURLToPath(new URL('one.ts', import.meta.url))
  const call = [process.execPath, readsTypeScript, one, module, name, isQuick ? 'quick' : 'full']
  const child = spawn('unshare', [...around('exec "$@"'), 'sh', ...call], { stdio: ['ignore', 'pipe', 'inherit'] })
  end.teardown(() => kill(child, patienceMs))
  let text = ''
  for await (const part of child.stdout) text += part
  if (text === '') throw new Error(`${name} broke off in its own network`)
  return JSON.parse(text) as Found
}
