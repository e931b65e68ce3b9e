/**
 * The bounds the port promises for keys, values and lives, the same for every adapter. Owns no storage; what lies outside
 * is a bug of the caller, never a person's input, so it throws a RangeError.
 */

const keyBytesMax = 512
const valueBytesMax = 1024 * 1024
/** A thousand years: far beyond any life that is meant, and well inside what both engines can count. */
const lifeSecondsMax = 31_557_600_000
/** Where adapters without namespaces keep their indexes. A value there could be mistaken for an index. */
const indexNamespace = 'index:'

/** A key of a value. */
export function checkKey(key: string): void {
  checkName(key, 'key')
  if (key.startsWith(indexNamespace)) throw new RangeError(`a store key may not begin with '${indexNamespace}'`)
}

/** A key of an index, or a member of one. */
export function checkName(name: string, what: 'key' | 'index' | 'member'): void {
  // A UTF-16 unit is at most three bytes: short names need no counting.
  if (name.length === 0 || (name.length * 3 > keyBytesMax && Buffer.byteLength(name) > keyBytesMax))
    throw new RangeError(`a store ${what} holds 1 to ${keyBytesMax} bytes`)
}

export function checkValue(value: string): void {
  if (value.length * 3 > valueBytesMax && Buffer.byteLength(value) > valueBytesMax)
    throw new RangeError(`a store value holds at most ${valueBytesMax} bytes`)
}

/**
 * A life in whole milliseconds, or null for no limit. A life that is over already becomes the shortest there is: a caller
 * that counts down to a moment must not fail, nor live for ever, because the moment passed on the way.
 */
export function lifeMs(ttlSeconds: number | undefined): number | null {
  if (ttlSeconds === undefined) return null
  if (!(ttlSeconds <= lifeSecondsMax)) throw new RangeError('a life in the store is a number of seconds')
  return Math.max(1, Math.ceil(ttlSeconds * 1000))
}
