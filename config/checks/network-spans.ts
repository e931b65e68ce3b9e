/** Which networks of rules lie in one another. Owns that comparison; takes what `readNetwork` has accepted, and judges no address. */
import { isIPv4 } from 'node:net'

const known = new Map<string, string>()

/** True if every address of `narrow` is one of `wide`. */
export function networkCovers(wide: string, narrow: string): boolean {
  return prefixOf(narrow).startsWith(prefixOf(wide))
}

/** True if some address is in both. */
export function networksMeet(one: string, other: string): boolean {
  return networkCovers(one, other) || networkCovers(other, one)
}

/** The bits that all addresses of a network share, as text; ten thousand rules are held against each other. */
function prefixOf(network: string): string {
  const found = known.get(network)
  if (found !== undefined) return found
  const [address = '', bits] = network.split('/')
  const prefix = isIPv4(address) ? `4${bitsOf(address, Number(bits ?? 32))}` : prefixOf6(address, Number(bits ?? 128))
  known.set(network, prefix)
  return prefix
}

function bitsOf(ipv4: string, length: number): string {
  const bits = ipv4.split('.').map(part => Number(part).toString(2).padStart(8, '0'))
  return bits.join('').slice(0, length)
}

function prefixOf6(address: string, length: number): string {
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const [before, after] = [head, tail ?? ''].map(part => (part === '' ? [] : part.split(':'))) as [string[], string[]]
  const groups = [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
  const bits = groups.map(group => Number.parseInt(group, 16).toString(2).padStart(16, '0')).join('')
  const isMapped = bits.startsWith(`${'0'.repeat(80)}${'1'.repeat(16)}`)
  return isMapped ? `4${bits.slice(96, length)}` : `6${bits.slice(0, length)}`
}
