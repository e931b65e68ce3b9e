/** The slots of a Cluster's keys. */
const slots = 16384
/** A master with a single slot needs some sixteen thousand. */
const maxTries = 300_000

/** CRC16 (XMODEM) of the key, or of what stands between its first braces. */
export function slotOf(key: string): number {
  const open = key.indexOf('{')
  const close = open === -1 ? -1 : key.indexOf('}', open + 1)
  const hashed = close > open + 1 ? key.slice(open + 1, close) : key
  let crc = 0
  for (const byte of Buffer.from(hashed)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff
  }
  return crc % slots
}

type Range = readonly [first: number, last: number]

export function slotsOfMasters(answer: unknown): Range[][] {
  const found = new Map<string, Range[]>()
  for (const [first, last, [host, port]] of answer as [number, number, [unknown, unknown]][]) {
    const name = `${host} ${port}`
    found.set(name, [...(found.get(name) ?? []), [Number(first), Number(last)]])
  }
  return [...found.values()]
}

/** A key is the prefix and a number. */
export function keysWithin(prefix: string, ranges: readonly Range[], count: number): string[] {
  const found: string[] = []
  for (let n = 0; n < maxTries && found.length < count; n++) {
    const slot = slotOf(`${prefix}${n}`)
    if (ranges.some(([first, last]) => first <= slot && slot <= last)) found.push(`${prefix}${n}`)
  }
  return found
}
