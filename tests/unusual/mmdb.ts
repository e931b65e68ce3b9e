/** A small file in MaxMind's format, for tests (MaxMind DB File Format Specification v2.0): IPv4 networks in an IPv4 tree. */

type Value = string | number | { readonly [key: string]: Value }

export function mmdbFile(networks: readonly (readonly [cidr: string, value: Value])[]): Buffer {
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
    const [base = '', length = '32'] = cidr.split('/')
    const bits = base
      .split('.')
      .map(part => Number(part).toString(2).padStart(8, '0'))
      .join('')
    let node = 0
    for (let i = 0; i < Number(length); i++) {
      const side = Number(bits[i]) as 0 | 1
      if (i === Number(length) - 1) nodes[node]![side] = -2 - n
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
    database_type: 'Test',
    ip_version: 4,
    node_count: nodes.length,
    record_size: 24
  })
  return Buffer.concat([tree, Buffer.alloc(16), ...data, Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'), metadata])
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
