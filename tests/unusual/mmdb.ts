/** A small file in MaxMind's format, for tests (MaxMind DB File Format Specification v2.0): an IPv6 tree with the IPv4 networks under ::/96. */
import { parseAddress } from '../../src/request/address.ts'

export type Value = string | number | { readonly [key: string]: Value }

export function mmdbFile(networks: readonly (readonly [cidr: string, value: Value])[], type = 'Test'): Buffer {
  const data: Buffer[] = []
  let dataSize = 0
  const offsets = networks.map(([, value]) => {
    const piece = encode(value)
    const at = dataSize
    data.push(piece)
    dataSize += piece.length
    return at
  })
  // -1 is nothing; below that, the entry -2 - n.
  const nodes: [number, number][] = [[-1, -1]]
  for (const [n, [cidr]] of networks.entries()) {
    const bits = bitsOf(cidr)
    let node = 0
    for (let i = 0; i < bits.length; i++) {
      const side = Number(bits[i]) as 0 | 1
      if (i === bits.length - 1) nodes[node]![side] = -2 - n
      else {
        if (nodes[node]![side] < 0) nodes[node]![side] = nodes.push([-1, -1]) - 1
        node = nodes[node]![side]
      }
    }
  }
  const tree = Buffer.alloc(nodes.length * 6)
  for (const [i, sides] of nodes.entries())
    for (const side of [0, 1] as const) {
      const to = sides[side]
      const record = to >= 0 ? to : to === -1 ? nodes.length : nodes.length + 16 + offsets[-2 - to]!
      tree.writeUIntBE(record, i * 6 + side * 3, 3)
    }
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1,
    database_type: type,
    ip_version: 6,
    node_count: nodes.length,
    record_size: 24
  })
  return Buffer.concat([tree, Buffer.alloc(16), ...data, Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'), metadata])
}

function bitsOf(cidr: string): string {
  const [base = '', length = ''] = cidr.split('/')
  const parsed = parseAddress(base)
  if (parsed === null) throw new Error(`no network: ${cidr}`)
  if (parsed.family === 6)
    return parsed.groups
      .map(group => group.toString(2).padStart(16, '0'))
      .join('')
      .slice(0, Number(length))
  const bits = parsed.text.split('.').map(part => Number(part).toString(2).padStart(8, '0'))
  return '0'.repeat(96) + bits.join('').slice(0, Number(length))
}

/** Type 2 is text, 3 a double, 6 an unsigned number of 32 bits, 7 a map. */
function encode(value: Value): Buffer {
  if (typeof value === 'string') {
    const text = Buffer.from(value)
    return Buffer.concat([Buffer.from([(2 << 5) | text.length]), text])
  }
  if (typeof value === 'number') {
    const isWhole = Number.isInteger(value) && value >= 0
    const number = Buffer.alloc(isWhole ? 5 : 9)
    number[0] = isWhole ? (6 << 5) | 4 : (3 << 5) | 8
    if (isWhole) number.writeUInt32BE(value, 1)
    else number.writeDoubleBE(value, 1)
    return number
  }
  const entries = Object.entries(value)
  return Buffer.concat([
    Buffer.from([(7 << 5) | entries.length]),
    ...entries.flatMap(([key, each]) => [encode(key), encode(each)])
  ])
}
