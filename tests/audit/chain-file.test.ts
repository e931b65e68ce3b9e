import { appendFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import path from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { beforeFirst, type ChainEnd, follows, hashOf, isWhole, linkOf, walk } from '../../src/audit/chain.ts'
import { ChainFile } from '../../src/audit/chain-file.ts'
import { Lines } from '../../src/audit/line-buffer.ts'
import type { AppendHandle } from '../../src/audit/open-for-append.ts'
import { cases } from '../fixtures/in-process/cases.ts'

const clock = () => Date.UTC(2026, 0, 2)
const line = (name: string) => `{"at":"2026-01-02T00:00:00.000Z","kind":"exchange","name":"${name}"}\n`
const linesOf = (...names: string[]) => Lines.of(names.map(line))

/** A disk that has `room` for so many bytes, and is full after that. */
function disk() {
  const state = { room: Number.POSITIVE_INFINITY, syncs: true }
  const openHandle = async (file: string): Promise<AppendHandle> => {
    const handle = await open(file, 'a', 0o600)
    return {
      write: async (bytes: Buffer, offset: number, length: number) => {
        if (state.room === 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' })
        const { bytesWritten } = await handle.write(bytes, offset, Math.min(length, state.room))
        state.room -= bytesWritten
        return { bytesWritten, buffer: bytes }
      },
      datasync: async () => {
        if (!state.syncs) throw Object.assign(new Error('broken'), { code: 'EIO' })
        await handle.datasync()
      },
      stat: (() => handle.stat()) as FileHandle['stat'],
      close: () => handle.close()
    } as unknown as AppendHandle
  }
  return { state, open: openHandle }
}

interface Read {
  readonly end: ChainEnd
  /** The lines that count, in order. */
  readonly entries: Record<string, unknown>[]
  /** The other texts, without their line feeds. */
  readonly strays: string[]
}

/** Reads the files as one chain, in the order given. */
function chainIn(...files: string[]): Read {
  let end = beforeFirst
  const entries: Record<string, unknown>[] = []
  const strays: string[] = []
  for (const file of files)
    for (const text of readFileSync(file, 'utf8').split(/(?<=\n)/)) {
      const bytes = Buffer.from(text)
      if (isWhole(bytes) && follows(linkOf(bytes), end)) {
        entries.push(JSON.parse(text))
        end = { seq: end.seq + 1, hash: hashOf(bytes) }
      } else if (text.trim() !== '') strays.push(text.trimEnd())
    }
  return { end, entries, strays }
}

const names = ({ entries }: Read) => entries.map(({ name, kind }) => name ?? kind)

t.test('lines get their number and the hash of the line before', async t => {
  const file = path.join(t.testdir({}), 'f')
  const chain = new ChainFile({ path: file, clock })
  t.teardown(() => chain.close())
  t.match(await chain.append(linesOf('one', 'two')), { kind: 'done' })
  t.match(await chain.append(linesOf('three')), { kind: 'done' })
  const [one, two, three] = readFileSync(file, 'utf8').split(/(?<=\n)/)
  t.equal(one, `{"seq":1,"prev":"${'0'.repeat(64)}",${line('one').slice(1)}`)
  t.equal(two, `{"seq":2,"prev":"${hashOf(Buffer.from(one!))}",${line('two').slice(1)}`)
  t.equal(three, `{"seq":3,"prev":"${hashOf(Buffer.from(two!))}",${line('three').slice(1)}`)
})

t.test('half a line that a full disk left is ended and named, and the line is repeated whole', async t => {
  const file = path.join(t.testdir({}), 'f')
  const { state, open } = disk()
  const chain = new ChainFile({ path: file, clock, open })
  t.teardown(() => chain.close())
  state.room = 200
  t.match(await chain.append(linesOf('one', 'two', 'three')), { kind: 'failed', whole: 1, begun: 1 })
  state.room = 0
  t.match(await chain.append(linesOf('two', 'three')), { kind: 'failed', whole: 0, begun: 0 })
  const [whole, half] = readFileSync(file, 'utf8').split(/(?<=\n)/)
  state.room = Number.POSITIVE_INFINITY
  t.match(await chain.append(linesOf('two', 'three')), { kind: 'done' })
  const read = chainIn(file)
  t.same(names(read), ['one', 'journal.resume', 'two', 'three'])
  t.same(read.strays, [`${half}#`])
  t.match(read.entries[1], { torn: half!.length + 2, tornHash: hashOf(Buffer.from(`${half}#\n`)) })
  t.equal(whole!.length + half!.length, 200)
})

t.test('what the disk did not confirm is not called written, and is not said twice', async t => {
  const file = path.join(t.testdir({}), 'f')
  const { state, open } = disk()
  const chain = new ChainFile({ path: file, clock, open })
  t.teardown(() => chain.close())
  state.syncs = false
  t.match(await chain.append(linesOf('one', 'two')), { kind: 'failed', whole: 0, begun: 2 })
  state.syncs = true
  t.match(await chain.append(linesOf('three')), { kind: 'done' })
  t.same(names(chainIn(file)), ['one', 'two', 'three'])
})

t.test('the chain goes on', async t => {
  const rows: [what: string, between: (file: string) => void, files: (file: string) => string[]][] = [
    ['after logrotate moved the file away', file => renameSync(file, `${file}.1`), file => [`${file}.1`, file]],
    [
      'without the head file',
      file => {
        renameSync(file, `${file}-20260102`)
        rmSync(`${file}.head`)
      },
      file => [`${file}-20260102`, file]
    ],
    ['in the same file without the head file', file => rmSync(`${file}.head`), file => [file]],
    [
      'in a copy of the file, as after a restore',
      file => {
        writeFileSync(`${file}.copy`, readFileSync(file))
        renameSync(`${file}.copy`, file)
      },
      file => [file]
    ],
    ['with a head file that is half written', file => writeFileSync(`${file}.head`, '{"seq":2,"ha'), file => [file]]
  ]
  for (const [what, between, files] of rows)
    for (const isNew of [false, true]) {
      const file = path.join(t.testdir({}), 'f')
      let chain = new ChainFile({ path: file, clock })
      await chain.append(linesOf('one', 'two'))
      between(file)
      if (isNew) {
        await chain.close()
        chain = new ChainFile({ path: file, clock })
      }
      await chain.append(linesOf('three'))
      await chain.close()
      const read = chainIn(...files(file))
      t.same(names(read), ['one', 'two', 'three'], `${what}${isNew ? ', in a new process' : ''}`)
      t.same(read.strays, [])
    }
})

t.test('a process that was killed after its write and before the head, and then a rotation, break nothing', async t => {
  const file = path.join(t.testdir({}), 'f')
  const chain = new ChainFile({ path: file, clock })
  await chain.append(linesOf('one'))
  const head = readFileSync(`${file}.head`)
  await chain.append(linesOf('two'))
  await chain.close()
  writeFileSync(`${file}.head`, head)
  renameSync(file, `${file}.1`)
  const next = new ChainFile({ path: file, clock })
  await next.append(linesOf('three'))
  await next.close()
  t.same(names(chainIn(`${file}.1`, file)), ['one', 'two', 'three'])
})

t.test('a backup of several files whose head is older than their last lines goes on where they end', async t => {
  const file = path.join(t.testdir({}), 'f')
  const chain = new ChainFile({ path: file, clock })
  await chain.append(linesOf('one'))
  const head = readFileSync(`${file}.head`)
  await chain.append(linesOf('two'))
  renameSync(file, `${file}.1`)
  await chain.append(linesOf('three', 'four'))
  await chain.close()
  writeFileSync(`${file}.head`, head)
  for (const name of [file, `${file}.1`]) {
    writeFileSync(`${name}.copy`, readFileSync(name))
    renameSync(`${name}.copy`, name)
  }
  const next = new ChainFile({ path: file, clock })
  await next.append(linesOf('five'))
  await next.close()
  const read = chainIn(`${file}.1`, file)
  t.same(names(read), ['one', 'two', 'three', 'four', 'five'])
  t.same(read.strays, [])
})

t.test('a journal of before the chain is fixed by the first line of the chain', async t => {
  const old = `${line('old')}{"at":"2026-01-01T`
  const file = path.join(t.testdir({ f: old }), 'f')
  const chain = new ChainFile({ path: file, clock })
  await chain.append(linesOf('one'))
  await chain.close()
  const read = chainIn(file)
  t.same(names(read), ['journal.begin', 'one'])
  t.match(read.entries[0], { before: old.length + 2, beforeHash: hashOf(Buffer.from(`${old}#\n`)) })
})

t.test('lines that are lost at the end leave a gap in the numbers', async t => {
  for (const kept of [0, 1, 2])
    for (const isNew of [false, true]) {
      const file = path.join(t.testdir({}), 'f')
      let chain = new ChainFile({ path: file, clock })
      await chain.append(linesOf('one', 'two', 'three'))
      const left = readFileSync(file, 'utf8')
        .split(/(?<=\n)/)
        .slice(0, kept)
        .join('')
      writeFileSync(file, left)
      if (isNew) {
        await chain.close()
        chain = new ChainFile({ path: file, clock })
      }
      await chain.append(linesOf('four'))
      await chain.close()
      t.match(readFileSync(file, 'utf8').slice(left.length), /^\{"seq":4,/, `${kept} of three lines are left`)
    }
})

t.test('whatever the disk does, each line counts exactly once, and the rest is named', async t => {
  let run = 0
  const dir = t.testdir({})
  const action = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), lines: fc.integer({ min: 0, max: 4 }) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('room' as const), bytes: fc.integer({ min: 0, max: 900 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('rotate' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('intrude' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('other' as const) }) }
  )
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 20 }), async actions => {
      const file = path.join(dir, `${run++}`)
      const { state, open } = disk()
      const make = () => new ChainFile({ path: file, clock, open })
      let chain = make()
      let other = make()
      let waiting: string[] = []
      let sent = 0
      let acknowledged = 0
      const mayBeLost = new Set<string>()
      let rotations = 0
      const append = async (chain: ChainFile) => {
        const result = await chain.append(linesOf(...waiting))
        acknowledged += result.kind === 'done' ? waiting.length : result.whole
        waiting = waiting.slice(result.kind === 'done' ? waiting.length : result.begun)
      }
      for (const action of actions) {
        if (action.do === 'room') state.room = action.bytes
        else if (action.do === 'rotate') existsSync(file) && renameSync(file, `${file}.${++rotations}`)
        else if (action.do === 'intrude') existsSync(file) && appendFileSync(file, 'intruder\n')
        else if (action.do === 'other') [chain, other] = [other, chain]
        else if (action.do === 'crash') {
          for (const name of waiting) mayBeLost.add(name)
          waiting = []
          await chain.close()
          chain = make()
        } else {
          for (let n = 0; n < action.lines; n++) waiting.push(`zoë ${sent++} ${'x'.repeat(sent % 7)}`)
          await append(chain)
        }
      }
      state.room = Number.POSITIVE_INFINITY
      waiting.push(`zoë ${sent++} ${'x'.repeat(sent % 7)}`)
      await append(chain)
      await chain.close()
      await other.close()
      const files = Array.from({ length: rotations }, (_, n) => `${file}.${n + 1}`)
      const read = chainIn(...files, file)
      const counted = read.entries.filter(({ kind }) => kind === 'exchange').map(({ name }) => name)
      const expected = Array.from({ length: sent }, (_, n) => `zoë ${n} ${'x'.repeat((n + 1) % 7)}`)
      const needed = expected.filter(name => !mayBeLost.has(name))
      if (JSON.stringify(counted) !== JSON.stringify(needed)) throw new Error(`${counted} instead of ${needed}`)
      if (acknowledged > counted.length) throw new Error('more was acknowledged than is there')
      // Every byte that does not count is named by the next line that does, except at the end of a file that was moved away.
      for (const one of [...files, file]) {
        let rest = Buffer.alloc(0)
        for (const text of readFileSync(one, 'latin1').split(/(?<=\n)/)) {
          const entry = read.entries.find(({ prev }) => text.endsWith('\n') && text.includes(`"prev":"${prev}"`))
          const isCounted = entry !== undefined && !text.endsWith('#\n') && !text.includes('intruder')
          const named = [entry?.torn ?? entry?.before, entry?.tornHash ?? entry?.beforeHash]
          if (isCounted && rest.length > 0 && (named[0] !== rest.length || named[1] !== hashOf(rest)))
            throw new Error(`${rest.length} bytes are not named by ${text}`)
          rest = isCounted ? Buffer.alloc(0) : Buffer.concat([rest, Buffer.from(text, 'latin1')])
        }
      }
      const head = JSON.parse(readFileSync(`${file}.head`, 'utf8'))
      if (head.seq !== read.end.seq || head.hash !== read.end.hash) throw new Error('the head is behind')
      if (readdirSync(dir).some(name => name.includes('.lock'))) throw new Error('a lock is left')
    }),
    {
      numRuns: cases(100),
      examples: [
        // A line that is torn behind its link.
        [
          [
            { do: 'room', bytes: 82 },
            { do: 'append', lines: 1 }
          ]
        ],
        // A whole line without its line feed, in a file that was moved away.
        [[{ do: 'room', bytes: 304 }, { do: 'append', lines: 2 }, { do: 'crash' }, { do: 'rotate' }]],
        // Lines in a file that was moved away after the one that the head knows.
        [
          [
            { do: 'append', lines: 0 },
            { do: 'room', bytes: 152 },
            { do: 'rotate' },
            { do: 'append', lines: 2 },
            { do: 'rotate' }
          ]
        ]
      ]
    }
  )
})

t.test('a walk finds the same whatever the size of the pieces', async t => {
  const file = path.join(t.testdir({}), 'f')
  const chain = new ChainFile({ path: file, clock })
  await chain.append(linesOf('one', 'two', 'three'))
  await chain.close()
  appendFileSync(file, 'half')
  const bytes = readFileSync(file)
  for (const size of [1, 2, 7, 100, 101, 1000]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
      bytes.subarray(n * size, n * size + size)
    )
    const { end, counted, rest } = await walk(beforeFirst, pieces)
    t.match([end.seq, counted, rest?.bytes, rest?.isClosed], [3, bytes.length - 4, 4, false])
    t.equal(rest?.hashWith(Buffer.from('#\n')), hashOf(Buffer.from('half#\n')))
  }
})
