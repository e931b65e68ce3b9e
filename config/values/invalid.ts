/** Why a text is invalid, and parts of such messages: quotations, guesses, lists. None shows a secret. */
import { visible } from '../../src/messages/visible.ts'

export interface Invalid {
  /** `must be …`. The reader of the file adds `, got '…'`. */
  readonly reason: string
  /** The text may hold a secret, or adds nothing: no `, got '…'`. */
  readonly isSecret: boolean
}

export function invalid(message: string): Invalid {
  return { reason: message, isSecret: false }
}

export function invalidSecret(message: string): Invalid {
  return { reason: message, isSecret: true }
}

export function isInvalid(value: unknown): value is Invalid {
  return typeof value === 'object' && value !== null && 'reason' in value
}

/** Control and invisible characters are escaped, long text is cut, and a `user:password@` is left out. */
export function shown(text: string): string {
  const safe = visible(text.replace(/^([a-z+]*:\/\/)?.*:.*@/is, '$1…@'))
  return `'${safe.length > 60 ? `${safe.slice(0, 60)}…` : safe}'`
}

/** Whole: its end says which file it is. */
export function shownFile(file: string): string {
  return `'${visible(file)}'`
}

/** Cut at the first character that no key has: `password:hunter2` without the space is one key in YAML. */
export function shownKey(key: string): string {
  const name = /^[\w.-]{0,48}/.exec(key)![0]
  return name === key ? name : `${name}…`
}

/** Null if none is likely. Case, `-` and `_` do not count. Two swapped letters, and a missing or added end, count as one mistake. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  const bare = (text: string) => text.toLowerCase().replace(/[-_ ]/g, '')
  let best: string | null = null
  let least = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    const [a, b] = [bare(word), bare(candidate)]
    const isBeginning = Math.min(a.length, b.length) > 2 && (a.startsWith(b) || b.startsWith(a))
    const steps = isBeginning ? Math.min(1, distance(a, b)) : distance(a, b)
    if (steps < least) [best, least] = [candidate, steps]
  }
  return best
}

/** `'a'`, `'a' or 'b'`, `'a', 'b' or 'c'`; numbers have no quotes. */
export function oneOf(words: readonly (string | number)[]): string {
  const quoted = words.map(word => (typeof word === 'string' ? `'${word}'` : String(word)))
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`
}

/** Optimal string alignment: insert, delete, change, or swap two letters. */
function distance(a: string, b: string): number {
  const row = (i: number) => Array.from({ length: b.length + 1 }, (_, j) => (i === 0 ? j : j === 0 ? i : 0))
  const d = Array.from({ length: a.length + 1 }, (_, i) => row(i))
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      d[i]![j] = Math.min(d[i - 1]![j]! + 1, d[i]![j - 1]! + 1, d[i - 1]![j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        d[i]![j] = Math.min(d[i]![j]!, d[i - 2]![j - 2]! + 1)
    }
  return d[a.length]![b.length]!
}
