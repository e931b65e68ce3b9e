/** Exceeding a bound of the port is a bug of the caller, so it throws a RangeError. */

const maxKeyBytes = 512
const maxValueBytes = 1024 * 1024
/** A thousand years, which both engines can count. */
const maxLifeSeconds = 31_557_600_000
/** A value under this prefix could be mistaken for an index. */
const indexNamespace = 'index:'

export function checkKey(key: string): void {
  checkName(key, 'key')
  if (key.startsWith(indexNamespace)) throw new RangeError(`a store key may not begin with '${indexNamespace}'`)
}

export function checkName(name: string, what: 'key' | 'index' | 'member'): void {
  // A UTF-16 unit is at most three bytes, so short names need no counting.
  if (name.length === 0 || (name.length * 3 > maxKeyBytes && Buffer.byteLength(name) > maxKeyBytes))
    throw new RangeError(`a store ${what} holds 1 to ${maxKeyBytes} bytes`)
}

export function checkValue(value: string): void {
  if (value.length * 3 > maxValueBytes && Buffer.byteLength(value) > maxValueBytes)
    throw new RangeError(`a store value holds at most ${maxValueBytes} bytes`)
}

/** Null for no limit. An elapsed lifetime becomes 1 ms, otherwise a countdown would fail or never expire. */
export function lifeMs(ttlSeconds: number | undefined): number | null {
  if (ttlSeconds === undefined) return null
  if (!(ttlSeconds <= maxLifeSeconds)) throw new RangeError('a life in the store is a number of seconds')
  return Math.max(1, Math.ceil(ttlSeconds * 1000))
}
