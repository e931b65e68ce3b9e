import { EventEmitter, once } from 'node:events'
import {
  chownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from 'tap'
import { Journal, type JournalOptions } from '../../src/audit/journal.ts'

const at = Date.UTC(2026, 0, 2)
const clock = () => at

/** An open journal in a directory of its own, closed at the end. `heard` emits the values of `onChange`. */
async function journalFor(t: Test, options: Partial<JournalOptions> = {}) {
  const file = options.path ?? path.join(t.testdir({}), 'journal.jsonl')
  const heard = new EventEmitter()
  const journal = await Journal.open({
    clock,
    retryMilliseconds: 10,
    flushMilliseconds: 5,
    onChange: problem => heard.emit(problem === null ? 'right' : 'wrong', problem),
    ...options,
    path: file
  })
  t.teardown(() => journal.close())
  return { journal, file, heard }
}

const lines = (file: string): Record<string, unknown>[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line))

const names = (file: string) => lines(file).map(line => line.name)

t.test('creates the file, and the folder it is to stand in, for their owner alone', async t => {
  const file = path.join(t.testdir({}), 'var', 'journal.jsonl')
  await journalFor(t, { path: file })
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.equal(statSync(path.dirname(file)).mode & 0o777, 0o700)
})

t.test(
  'what root makes belongs to the owner of the folder, so that the gateway can write it',
  { skip: process.geteuid?.() !== 0 && 'only root can give files away' },
  async t => {
    const dir = t.testdir({})
    chownSync(dir, 12345, 12345)
    const { file } = await journalFor(t, { path: path.join(dir, 'journal.jsonl') })
    t.match(statSync(file), { uid: 12345, gid: 12345 })
  }
)

t.test('keeps the order of record and commit, and says so only when the line is on disk', async t => {
  let synced = 0
  const { journal, file } = await journalFor(t, {
    open: async path => {
      const handle = await open(path, 'a', 0o600)
      return {
        write: handle.write.bind(handle),
        stat: handle.stat.bind(handle),
        close: handle.close.bind(handle),
        datasync: async () => {
          await handle.datasync()
          synced++
        }
      } as Awaited<ReturnType<NonNullable<JournalOptions['open']>>>
    }
  })
  journal.record({ kind: 'exchange', at, name: 'one' })
  await journal.commit({ kind: 'login', at, name: 'two' })
  t.strictSame(names(file), ['one', 'two'])
  t.equal(synced, 1, 'one sync for both')
  journal.record({ kind: 'exchange', at, name: 'three' })
  await Promise.all(['four', 'five', 'six', 'seven'].map(name => journal.commit({ kind: 'login', at, name })))
  t.strictSame(names(file), ['one', 'two', 'three', 'four', 'five', 'six', 'seven'])
  t.ok(synced <= 3, `commits that come together share a sync (${synced})`)
})

t.test('what was recorded is written by itself, and the last of it when the journal closes', async t => {
  const { journal, file } = await journalFor(t)
  journal.record({ kind: 'exchange', at, name: 'one' })
  while (lines(file).length === 0) await new Promise(setImmediate)
  journal.record({ kind: 'exchange', at, name: 'two' })
  await journal.close()
  t.strictSame(names(file), ['one', 'two'])
  t.equal(journal.writable, false, 'a closed journal takes nothing')
  await t.rejects(journal.commit({ kind: 'login', at }), { code: 'journal_unwritable' })
})

t.test('appends behind what is there', async t => {
  for (const [what, before, after] of [
    ['whole lines', '{"name":"old"}\n', '{"name":"old"}\n{"seq":1,'],
    ['half a line that a crash left', '{"name":"old"}\n{"na', '{"name":"old"}\n{"na#\n{"seq":1,'],
    ['nothing', '', '{"seq":1,']
  ] as const) {
    const file = path.join(t.testdir({ 'j.jsonl': before }), 'j.jsonl')
    const { journal } = await journalFor(t, { path: file })
    await journal.commit({ kind: 'login', at })
    t.ok(readFileSync(file, 'utf8').startsWith(after), `keeps ${what}`)
  }
})

t.test('follows the path when the file was moved away, removed or cut to nothing (logrotate)', async t => {
  const { journal, file } = await journalFor(t)
  await journal.commit({ kind: 'login', at, name: 'one' })
  renameSync(file, `${file}.1`)
  await journal.commit({ kind: 'login', at, name: 'two' })
  t.strictSame(names(`${file}.1`), ['one'])
  t.strictSame(names(file), ['two'])
  t.equal(statSync(file).mode & 0o777, 0o600)
  truncateSync(file)
  await journal.commit({ kind: 'login', at, name: 'three' })
  t.strictSame(names(file), ['three'])
  rmSync(file)
  await journal.commit({ kind: 'login', at, name: 'four' })
  t.strictSame(names(file), ['four'])
})

t.test('two processes may append to one file', async t => {
  const { journal, file } = await journalFor(t)
  const { journal: other } = await journalFor(t, { path: file })
  await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      (index % 2 ? journal : other).commit({ kind: 'login', at, name: `${index}` })
    )
  )
  t.equal(new Set(names(file)).size, 100)
})

t.test(
  'a full disk turns `writable` off; it comes back by itself, keeps what was recorded and tells of the gap',
  async t => {
    const dir = t.testdir({})
    const file = path.join(dir, 'journal.jsonl')
    symlinkSync('/dev/full', file)
    const { journal, heard } = await journalFor(t, { path: file })
    const wrong = once(heard, 'wrong')
    await t.rejects(journal.commit({ kind: 'login', at, name: 'never happened' }), { code: 'journal_unwritable' })
    t.strictSame(await wrong, ['ENOSPC'])
    t.equal(journal.writable, false)
    t.equal(journal.problem, 'ENOSPC')
    journal.record({ kind: 'exchange', at, name: 'refused' })
    await t.rejects(journal.commit({ kind: 'login', at }), { code: 'journal_unwritable' }, 'refuses without a try')

    const right = once(heard, 'right')
    symlinkSync(path.join(dir, 'roomy.jsonl'), `${file}.new`)
    renameSync(`${file}.new`, file)
    await right
    t.equal(journal.writable, true)
    await journal.commit({ kind: 'login', at, name: 'accepted' })
    t.match(lines(file), [
      { kind: 'exchange', name: 'refused' },
      { kind: 'journal.resume', since: '2026-01-02T00:00:00.000Z', lost: 0, cause: 'ENOSPC' },
      { name: 'accepted' }
    ])
    t.equal(lines(file).length, 3, 'what was refused for want of a journal is not in it')
  }
)

t.test('a path that cannot be opened is said at once, and tried again', async t => {
  const dir = t.testdir({ 'journal.jsonl': {} })
  const { journal, heard, file } = await journalFor(t, { path: path.join(dir, 'journal.jsonl') })
  t.equal(journal.problem, 'EISDIR')
  t.equal(journal.writable, false)
  const right = once(heard, 'right')
  rmSync(file, { recursive: true })
  await right
  t.match(lines(file), [{ kind: 'journal.resume', cause: 'EISDIR' }])
})

t.test('beyond its bound it is not writable; beyond twice as much it counts what it cannot keep', async t => {
  const dir = t.testdir({ 'journal.jsonl': {} })
  const { journal, heard, file } = await journalFor(t, { path: path.join(dir, 'journal.jsonl'), waitingMaximum: 1000 })
  for (let n = 0; n < 100; n++) journal.record({ kind: 'exchange', at, name: `${n}` })
  const right = once(heard, 'right')
  rmSync(file, { recursive: true })
  await right
  const kept = lines(file)
  const gap = kept.at(-1)!
  t.equal(gap.kind, 'journal.resume')
  t.equal(Number(gap.lost) + kept.length - 1, 100, 'every line is kept or counted')
  t.ok(Number(gap.lost) > 50)
})

t.test('a flood between two writes is refused by `writable` before anything is lost', async t => {
  const { journal } = await journalFor(t, { waitingMaximum: 500, flushMilliseconds: 60_000 })
  for (let n = 0; journal.writable; n++) journal.record({ kind: 'exchange', at, name: `${n}` })
  t.equal(journal.problem, null)
  await t.rejects(journal.commit({ kind: 'login', at }), { code: 'journal_unwritable' })
  await journal.flush()
  t.equal(journal.writable, true)
})

t.test('a disk that does not answer counts as unwritable, and nobody waits for it', async t => {
  let answer = () => {}
  const hung = new Promise<void>(resolve => {
    answer = resolve
  })
  const { journal, heard, file } = await journalFor(t, {
    stallMilliseconds: 20,
    open: async path => {
      const handle = await open(path, 'a', 0o600)
      return {
        write: async (...args: Parameters<typeof handle.write>) => {
          await hung
          return handle.write(...args)
        },
        stat: handle.stat.bind(handle),
        close: handle.close.bind(handle),
        datasync: handle.datasync.bind(handle)
      } as unknown as Awaited<ReturnType<NonNullable<JournalOptions['open']>>>
    }
  })
  await t.rejects(journal.commit({ kind: 'login', at, name: 'hung' }), { code: 'journal_unwritable' })
  t.equal(journal.writable, false)
  const right = once(heard, 'right')
  answer()
  await right
  t.equal(journal.writable, true)
  t.strictSame(names(file), ['hung'], 'a refused line may still reach the disk, never the other way round')
})

t.test('while the process itself is busy, its disk counts as slow only after many turns of its own', async t => {
  let turns = 0
  const { journal, file } = await journalFor(t, {
    stallMilliseconds: 20,
    open: async path => {
      const handle = await open(path, 'a', 0o600)
      return {
        // The disk has answered long ago, and the process hears it after five turns, each of which takes longer than the limit.
        write: async (bytes: Buffer, offset: number, length: number) => {
          for (turns = 0; turns < 5; turns++) {
            await new Promise(resolve => setTimeout(resolve, 1))
            const until = performance.now() + 40
            while (performance.now() < until);
          }
          // The machine's own disk has no part in it.
          return { bytesWritten: writeSync(handle.fd, bytes, offset, length), buffer: bytes }
        },
        stat: handle.stat.bind(handle),
        close: handle.close.bind(handle),
        datasync: handle.datasync.bind(handle)
      } as unknown as Awaited<ReturnType<NonNullable<JournalOptions['open']>>>
    }
  })
  await journal.commit({ kind: 'login', at, name: 'busy' })
  t.equal(turns, 5)
  t.equal(journal.writable, true)
  t.strictSame(names(file), ['busy'], 'without a line about a gap')
})

t.test('never throws at a caller of record, whatever stands at the path', async t => {
  const dir = t.testdir({ file: 'x' })
  mkdirSync(path.join(dir, 'sub'))
  writeFileSync(path.join(dir, 'sub', 'x'), '')
  const { journal } = await journalFor(t, { path: path.join(dir, 'file', 'journal.jsonl') })
  t.equal(journal.problem, 'ENOTDIR')
  t.doesNotThrow(() => journal.record({ kind: 'exchange', at, name: 'x' }))
  // This comes before the directory is removed, since a journal that tries again would make it again.
  await journal.close()
})

t.test('a flush waits for every earlier line, also where the writing under way is followed by another', async t => {
  const { journal, file } = await journalFor(t)
  const first = journal.commit({ kind: 'login', at, name: 'one' })
  journal.record({ kind: 'exchange', at, name: 'two' })
  // Who waits for this line lets the next writing begin as soon as the first is over.
  const third = journal.commit({ kind: 'login', at, name: 'three' })
  await journal.flush()
  t.same(names(file), ['one', 'two', 'three'])
  await Promise.all([first, third])
})
