import { appendFileSync, existsSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import path from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { AppendFile, type AppendHandle } from '../../src/audit/append-file.ts'
import { Lines } from '../../src/audit/line-buffer.ts'
import { cases } from '../fixtures/in-process/cases.ts'

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
  return { state, openHandle }
}

t.test('finishes a line that a full disk cut short', async t => {
  const file = path.join(t.testdir({}), 'f')
  const { state, openHandle } = disk()
  const appended = new AppendFile(file, openHandle)
  t.teardown(() => appended.close())
  state.room = 7
  t.match(await appended.append(Lines.of(['one\n', 'two and more\n', 'three\n'])), {
    kind: 'failed',
    whole: 1,
    begun: 2
  })
  t.equal(readFileSync(file, 'utf8'), 'one\ntwo')
  state.room = 3
  t.match(await appended.append(Lines.of(['three\n'])), { kind: 'failed', whole: 0, begun: 0 })
  state.room = Number.POSITIVE_INFINITY
  t.match(await appended.append(Lines.of(['three\n'])), { kind: 'done' })
  t.equal(readFileSync(file, 'utf8'), 'one\ntwo and more\nthree\n')
})

t.test('says the cut line again whole when somebody else wrote behind it, or the file was moved away', async t => {
  for (const [what, between, expected] of [
    ['another writer', (file: string) => appendFileSync(file, '\nother\n'), 'tw\nother\n\ntwo\nthree\n'],
    ['a rotation', (file: string) => renameSync(file, `${file}.1`), 'two\nthree\n']
  ] as const) {
    const file = path.join(t.testdir({}), 'f')
    const { state, openHandle } = disk()
    const appended = new AppendFile(file, openHandle)
    t.teardown(() => appended.close())
    state.room = 2
    await appended.append(Lines.of(['two\n']))
    between(file)
    state.room = Number.POSITIVE_INFINITY
    t.match(await appended.append(Lines.of(['three\n'])), { kind: 'done' })
    t.equal(readFileSync(file, 'utf8'), expected, what)
  }
})

t.test('does not call written what the disk did not confirm, and does not say it twice', async t => {
  const file = path.join(t.testdir({}), 'f')
  const { state, openHandle } = disk()
  const appended = new AppendFile(file, openHandle)
  t.teardown(() => appended.close())
  state.syncs = false
  t.match(await appended.append(Lines.of(['one\n', 'two\n'])), { kind: 'failed', whole: 0, begun: 2 })
  state.syncs = true
  t.match(await appended.append(Lines.of(['three\n'])), { kind: 'done' })
  t.equal(readFileSync(file, 'utf8'), 'one\ntwo\nthree\n')
})

t.test(
  'whatever the disk does, each line stands exactly once and whole, and only halves stand beside them',
  async t => {
    let run = 0
    const dir = t.testdir({})
    const action = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ do: fc.constant('append' as const), lines: fc.integer({ min: 0, max: 4 }) })
      },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('room' as const), bytes: fc.integer({ min: 0, max: 30 }) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('rotate' as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('intrude' as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) }
    )
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 20 }), async actions => {
        const file = path.join(dir, `${run++}`)
        const { state, openHandle } = disk()
        let appended = new AppendFile(file, openHandle)
        let waiting: string[] = []
        const sent: string[] = []
        const mayBeHalf = new Set<string>()
        let intruders = 0
        let rotations = 0
        const append = async () => {
          const result = await appended.append(Lines.of(waiting))
          waiting = waiting.slice(result.kind === 'done' ? waiting.length : result.begun)
        }
        for (const action of actions) {
          if (action.do === 'room') state.room = action.bytes
          else if (action.do === 'rotate') existsSync(file) && renameSync(file, `${file}.${rotations++}`)
          else if (action.do === 'intrude') appendFileSync(file, `\nintruder ${intruders++}\n`)
          else if (action.do === 'crash') {
            // The process ends: waiting lines are lost, and the line that was being written is half.
            for (const line of sent) mayBeHalf.add(line)
            await appended.close()
            appended = new AppendFile(file, openHandle)
            waiting = []
          } else {
            for (let n = 0; n < action.lines; n++) {
              const line = `<${sent.length} zoë ${'x'.repeat(sent.length % 7)}>\n`
              sent.push(line)
              waiting.push(line)
            }
            await append()
          }
        }
        state.room = Number.POSITIVE_INFINITY
        await append()
        await appended.close()
        const found = readdirSync(dir)
          .filter(name => name === path.basename(file) || name.startsWith(`${path.basename(file)}.`))
          .flatMap(name => readFileSync(path.join(dir, name), 'utf8').split('\n'))
        for (const line of sent) {
          const times = found.filter(text => `${text}\n` === line).length
          if (mayBeHalf.has(line) ? times > 1 : times !== 1) throw new Error(`${times} times: ${line}`)
        }
        const strays = found.filter(text => text !== '' && !sent.includes(`${text}\n`) && !text.startsWith('intruder'))
        for (const stray of strays) {
          if (!sent.some(line => Buffer.from(line).indexOf(Buffer.from(stray.replace(/\ufffd+$/u, ''))) === 0))
            throw new Error(`neither a line nor the beginning of one: ${JSON.stringify(stray)}`)
        }
        if (found.filter(text => text.startsWith('intruder')).length !== intruders)
          throw new Error('an intruder was spoilt')
      }),
      { numRuns: cases(150) }
    )
  }
)
