/** Parses network addresses into one canonical spelling. */
import { isIPv4, isIPv6 } from 'node:net'

/** `value` has 32 bits, `groups` are eight numbers of 16 bits. */
export type Address =
  | { readonly family: 4; readonly text: string; readonly value: number }
  | { readonly family: 6; readonly text: string; readonly groups: readonly number[] }

const maxAddressLength = 64

/** Drops the zone id. IPv4 in IPv6 (`::ffff:10.0.0.1`) becomes IPv4. Null for no address. */
export function parseAddress(text: string): Address | null {
  if (text.length > maxAddressLength) return null
  if (isIPv4(text)) return { family: 4, text, value: v4Value(text) }
  const zone = text.indexOf('%')
  const bare = zone < 0 ? text : text.slice(0, zone)
  if (!isIPv6(bare)) return null
  const groups = v6Groups(bare)
  if (groups.slice(0, 5).every(group => group === 0) && groups[5] === 0xffff) {
    const value = ((groups[6]! << 16) | groups[7]!) >>> 0
    return { family: 4, text: v4Text(value), value }
  }
  return { family: 6, text: v6Text(groups), groups }
}

function v4Value(text: string): number {
  let value = 0
  for (const part of text.split('.')) value = value * 256 + Number(part)
  return value
}

export function v4Text(value: number): string {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.')
}

function v6Groups(text: string): number[] {
  const tail = text.slice(text.lastIndexOf(':') + 1)
  let hex = text
  if (tail.includes('.')) {
    const value = v4Value(tail)
    hex = `${text.slice(0, -tail.length)}${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`
  }
  const [head = '', rest] = hex.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = rest === undefined || rest === '' ? [] : rest.split(':')
  const zeros = rest === undefined ? [] : new Array<string>(8 - before.length - after.length).fill('0')
  return [...before, ...zeros, ...after].map(group => Number.parseInt(group, 16))
}

/** RFC 5952 §4. */
export function v6Text(groups: readonly number[]): string {
  let start = -1
  let length = 1
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && groups[end] === 0) end++
    if (end - i > length) {
      start = i
      length = end - i
    }
  }
  const text = groups.map(group => group.toString(16))
  return start < 0 ? text.join(':') : `${text.slice(0, start).join(':')}::${text.slice(start + length).join(':')}`
}
