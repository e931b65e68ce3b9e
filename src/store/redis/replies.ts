/** Replies of Redis that name members and their expiries. */
export function isWords(reply: unknown): reply is string[] {
  return Array.isArray(reply) && reply.every(word => typeof word === 'string')
}

/** Milliseconds since the epoch by member; infinite for none. */
export function endsOf(pairs: readonly string[]): Map<string, number> {
  const ends = new Map<string, number>()
  for (let i = 0; i + 1 < pairs.length; i += 2)
    ends.set(pairs[i]!, pairs[i + 1] === 'inf' ? Number.POSITIVE_INFINITY : Number(pairs[i + 1]))
  return ends
}
