/** The log of changes of the embedded store with several processes: a process that remembers where the log ended must check that. */
import t from 'tap'
import { changesKept, Records, type Tables } from '../../../src/store/lmdb/records.ts'

type Changes = Tables['changes']

/** The tables of one store in memory, for as many Records as there are processes. Only the log and the values hold anything. */
class Shared {
  readonly log = new Map<number, string>()

  records(): Records {
    const values = new Map<string, string>()
    const none = { get: () => undefined, put: () => {}, remove: () => {}, getKeys: () => [], getRange: () => [] }
    const changes: Changes = {
      get: number => this.log.get(number),
      put: (number, key) => this.log.set(number, key),
      remove: number => this.log.delete(number),
      getKeys: ({ end = Number.POSITIVE_INFINITY, limit, reverse }) => {
        const all = [...this.log.keys()].filter(number => number < Number(end)).sort((a, b) => a - b)
        return (reverse ? all.reverse() : all).slice(0, limit)
      },
      getRange: ({ start, end }) =>
        [...this.log]
          .filter(([number]) => number >= Number(start) && number < Number(end))
          .map(([key, value]) => ({ key, value }))
    }
    return new Records({
      values: { ...none, get: key => values.get(key), put: (key, value) => values.set(key, value) },
      indexes: none,
      endings: none,
      changes,
      lastVersion: () => 0
    } as Tables)
  }
}

/** `count` changes by one process, with keys numbered from `from`. */
function write(records: Records, from: number, count: number): string[] {
  const keys = Array.from({ length: count }, (_, i) => `key-${from + i}`)
  for (const key of keys) records.set(key, 'x', 0)
  return keys
}

t.test('whoever fell behind by any number finds the end, and all that is new', async t => {
  const shared = new Shared()
  const [writer, reader] = [shared.records(), shared.records()]
  t.equal(reader.lastChange(), 0)
  let heard = 0
  for (const count of [1, 2, 7, 8, 9, 10, 17, 100, 1]) {
    const keys = write(writer, heard, count)
    t.equal(reader.lastChange(), heard + count, `${count} behind`)
    t.same(reader.changes(heard + 1, heard + count), keys)
    heard += count
  }
})

t.test('two who write in turn never give one number twice', async t => {
  const shared = new Shared()
  const writers = [shared.records(), shared.records()]
  for (let i = 0; i < 60; i++) write(writers[i % 2]!, i * 20, i % 13)
  const count = Array.from({ length: 60 }, (_, i) => i % 13).reduce((sum, each) => sum + each, 0)
  t.equal(shared.log.size, count)
  t.equal(shared.records().lastChange(), count)
})

t.test('a log that was trimmed past somebody is no longer whole for them, and they know where it ends', async t => {
  const shared = new Shared()
  const [writer, reader] = [shared.records(), shared.records()]
  write(writer, 0, 5)
  t.equal(reader.lastChange(), 5)
  write(writer, 5, changesKept + 1_000)
  t.equal(reader.lastChange(), changesKept + 1_005)
  t.equal(reader.changes(6, changesKept + 1_005), null)
  t.equal(reader.changes(6, 8), null)
})

t.test('what was taken back, or exchanged for older files, was never the end', async t => {
  const shared = new Shared()
  const records = shared.records()
  write(records, 0, 30)
  for (const taken of [1, 3, 20]) {
    const before = [...shared.log]
    write(records, 100, taken)
    shared.log.clear()
    for (const [number, key] of before) shared.log.set(number, key)
    t.equal(records.lastChange(), 30, `${taken} taken back`)
  }
  shared.log.clear()
  t.equal(records.lastChange(), 0)
  write(records, 0, 2)
  t.equal(records.lastChange(), 2)
})
