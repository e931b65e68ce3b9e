/** Rendezvous hashing: the same key always prefers the same upstream, in every worker and gate. If an upstream leaves, only its own keys move. */

/** FNV-1a, 32 bits. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** The highest weight wins. Both are hashes. */
export function weightOf(key: number, upstream: number): number {
  // The finalizer of MurmurHash3.
  let hash = Math.imul(key ^ upstream ^ ((key ^ upstream) >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
