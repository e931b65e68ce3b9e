/** Compression of an idle person's memory, which is mostly zero. */

const wordBits = 32

/** A bitmap of the words that are not zero, then these words. The length is a multiple of four. */
export function packed(memory: ArrayBuffer): ArrayBuffer {
  const words = new Uint32Array(memory)
  const mapWords = Math.ceil(words.length / wordBits)
  let count = 0
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) count++
  const into = new Uint32Array(mapWords + count)
  let next = mapWords
  for (let i = 0; i < words.length; i++) {
    if (words[i] === 0) continue
    into[i >>> 5]! |= 1 << (i & 31)
    into[next++] = words[i]!
  }
  return into.buffer
}

export function unpacked(from: ArrayBuffer, length: number): ArrayBuffer {
  const words = new Uint32Array(from)
  const into = new Uint32Array(length / 4)
  let next = Math.ceil(into.length / wordBits)
  for (let i = 0; i < into.length; i++) if ((words[i >>> 5]! & (1 << (i & 31))) !== 0) into[i] = words[next++]!
  return into.buffer
}
