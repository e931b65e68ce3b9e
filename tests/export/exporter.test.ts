/** Lines of the journal arrive at a destination: all of them, in order, at least once, whatever happens to the files and to the destination. */
import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { cursorFileOf, exportedLines, readCursor } from '../../src/audit/export-cursor.ts'
import { expiredFiles } from '../../src/audit/rotation.ts'
import { idOf } from '../../src/export/export-line.ts'
import type { Exporter } from '../../src/export/exporter.ts'
import { drain, exporterOf, Inbox, makeJournal, now } from './exporting.ts'

const stepsOf = (exporter: Exporter) => ({ step: () => exporter.step() })

t.test('lines arrive in order, once, and their ids differ', async t => {
  const journal = makeJournal(t)
  const inbox = new Inbox()
  const { exporter, said } = exporterOf(journal.file, inbox, { limits: { lines: 2, bytes: 1e6 } })
  t.teardown(() => exporter.close())
  t.same(await exporter.step(), { kind: 'idle' }, 'there is no journal yet')
  await journal.write('a', 'b', 'c')
  await drain(stepsOf(exporter))
  await journal.write('d')
  await drain(stepsOf(exporter))
  t.same(inbox.names, ['a', 'b', 'c', 'd'])
  t.equal(new Set(inbox.got.map(({ line }) => idOf(line))).size, 4)
  t.equal(inbox.got[1]!.line.hash, JSON.parse(inbox.got[2]!.text).prev, 'the hash is the one of the chain')
  t.match(said, { problems: [], sent: 4, missing: 0 })
})

t.test('while the destination is away nothing is read, nothing is lost, and it is said once', async t => {
  const journal = makeJournal(t)
  const inbox = new Inbox()
  const { exporter, said } = exporterOf(journal.file, inbox)
  t.teardown(() => exporter.close())
  await journal.write('a')
  await drain(stepsOf(exporter))
  inbox.isAway = true
  await journal.write('b', 'c')
  const waits: number[] = []
  for (let tries = 0; tries < 9; tries++) {
    const step = await exporter.step()
    waits.push(step.kind === 'failed' ? step.retryMs : 0)
  }
  t.same(waits, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
  t.same(said.problems, ['the collector is away'])
  t.equal(exporter.behind, 2)
  inbox.isAway = false
  await drain(stepsOf(exporter))
  t.same(inbox.names, ['a', 'b', 'c'])
  t.same(said.problems, ['the collector is away', null])
  t.equal(exporter.behind, 0)
})

t.test('a restart goes on where the destination had everything', async t => {
  const journal = makeJournal(t)
  const inbox = new Inbox()
  const first = exporterOf(journal.file, inbox)
  await journal.write('a', 'b')
  await drain(stepsOf(first.exporter))
  await first.exporter.close()
  await journal.write('c')
  const second = exporterOf(journal.file, inbox)
  t.teardown(() => second.exporter.close())
  await drain(stepsOf(second.exporter))
  t.same(inbox.names, ['a', 'b', 'c'])
})

const interruptions: readonly (readonly [string, (journal: ReturnType<typeof makeJournal>) => void])[] = [
  ['moved away', journal => void journal.rotate('.1')],
  [
    'moved away and packed',
    journal => {
      const old = journal.rotate('.1')
      writeFileSync(`${old}.gz`, gzipSync(readFileSync(old)))
      rmSync(old)
    }
  ],
  [
    'copied and emptied (copytruncate)',
    journal => {
      writeFileSync(`${journal.file}.1`, readFileSync(journal.file))
      truncateSync(journal.file)
    }
  ],
  ['left with half a line, as by a crash', journal => appendFileSync(journal.file, '{"seq":99,"pre')]
]
for (const [what, interrupt] of interruptions)
  for (const isRunning of [true, false])
    t.test(`the file is ${what} while the exporter ${isRunning ? 'runs' : 'is away'}`, async t => {
      const journal = makeJournal(t)
      const inbox = new Inbox()
      const first = exporterOf(journal.file, inbox)
      await journal.write('a', 'b')
      await drain(stepsOf(first.exporter))
      await journal.write('c')
      if (!isRunning) await first.exporter.close()
      interrupt(journal)
      await journal.reopen()
      await journal.write('d', 'e', 'f')
      const { exporter, said } = isRunning ? first : exporterOf(journal.file, inbox)
      t.teardown(() => exporter.close())
      // A file that is found again ends a step without lines.
      for (let turn = 0; turn < 3; turn++) await drain(stepsOf(exporter))
      t.same(
        inbox.names.filter(name => name !== undefined),
        ['a', 'b', 'c', 'd', 'e', 'f']
      )
      t.equal(said.missing, 0)
    })

t.test('lines that a power failure takes back are sent anew, with ids of their own', async t => {
  const journal = makeJournal(t)
  const inbox = new Inbox()
  const first = exporterOf(journal.file, inbox)
  await journal.write('a')
  const { length } = readFileSync(journal.file)
  await journal.write('b')
  await drain(stepsOf(first.exporter))
  await first.exporter.close()
  truncateSync(journal.file, length)
  rmSync(`${journal.file}.head`)
  await journal.reopen()
  await journal.write('c', 'd')
  const { exporter } = exporterOf(journal.file, inbox)
  t.teardown(() => exporter.close())
  await drain(stepsOf(exporter))
  t.same(inbox.names.slice(-2), ['c', 'd'])
  const ids = new Map(inbox.got.map(({ line }) => [idOf(line), line.entry.name]))
  t.same([...ids.values()], ['a', 'b', 'c', 'd'])
})

t.test('lines that were removed before they were sent are counted', async t => {
  const journal = makeJournal(t)
  const inbox = new Inbox()
  const first = exporterOf(journal.file, inbox)
  await journal.write('a')
  await drain(stepsOf(first.exporter))
  await first.exporter.close()
  await journal.write('b', 'c')
  const old = journal.rotate('.1')
  await journal.write('d')
  rmSync(old)
  const { exporter, said } = exporterOf(journal.file, inbox)
  t.teardown(() => exporter.close())
  await drain(stepsOf(exporter))
  t.same(inbox.names, ['a', 'd'])
  t.equal(said.missing, 2)
})

t.test('another journal with the same name is sent from its beginning', async t => {
  const journal = makeJournal(t)
  const inbox = new Inbox()
  const first = exporterOf(journal.file, inbox)
  await journal.write('a', 'b', 'c')
  await drain(stepsOf(first.exporter))
  await first.exporter.close()
  for (const ending of ['', '.head']) rmSync(`${journal.file}${ending}`)
  await journal.reopen()
  await journal.write('x', 'y', 'z', 'w')
  const { exporter } = exporterOf(journal.file, inbox)
  t.teardown(() => exporter.close())
  await drain(stepsOf(exporter))
  t.same(inbox.names, ['a', 'b', 'c', 'x', 'y', 'z', 'w'])
})

t.test('only the kinds that were asked for are sent, and the cursor passes the others', async t => {
  const journal = makeJournal(t)
  const inbox = new Inbox()
  const { exporter } = exporterOf(journal.file, inbox, { kinds: ['session', 'proof'] })
  t.teardown(() => exporter.close())
  await journal.write('a', 'b')
  await drain(stepsOf(exporter))
  t.same(inbox.names, [])
  t.equal((await readCursor(cursorFileOf(journal.file, 'siem')))?.seq, 2)
})

t.test('without acknowledgements the cursor waits for a confirmation', async t => {
  const journal = makeJournal(t)
  const inbox = new Inbox({ isAcknowledged: false })
  let time = now
  const { exporter } = exporterOf(journal.file, inbox, { clock: () => time })
  await journal.write('a', 'b')
  await drain(stepsOf(exporter))
  t.equal(inbox.confirms, 0)
  t.equal((await readCursor(cursorFileOf(journal.file, 'siem')))?.seq, 0)
  // The connection breaks before the other side has read anything.
  time += 15_000
  inbox.isAway = true
  t.match(await exporter.step(), { kind: 'failed' })
  inbox.isAway = false
  await drain(stepsOf(exporter))
  time += 15_000
  t.match(await exporter.step(), { kind: 'idle' })
  t.same(inbox.names, ['a', 'b'])
  t.equal((await readCursor(cursorFileOf(journal.file, 'siem')))?.seq, 2)
  await journal.write('c')
  await drain(stepsOf(exporter))
  await exporter.close()
  t.same(inbox.names, ['a', 'b', 'c'], 'its end confirms')
})

t.test('an expired file waits also for a destination that was never there', async t => {
  const journal = makeJournal(t)
  const inbox = new Inbox()
  inbox.isAway = true
  const { exporter } = exporterOf(journal.file, inbox)
  t.teardown(() => exporter.close())
  await journal.write('a')
  t.match(await exporter.step(), { kind: 'failed' })
  journal.rotate('-2026-11-28-1')
  await journal.write('b')
  const rotation = { size: null, isDaily: true, keepSeconds: 86_400 }
  t.same(await expiredFiles(journal.file, now + 2 * 86_400_000, rotation), [])
  inbox.isAway = false
  await drain(stepsOf(exporter))
  t.same(inbox.names, ['a', 'b'])
})

t.test('an expired file waits a week for its exporters, and no longer', async t => {
  const journal = makeJournal(t)
  const { exporter } = exporterOf(journal.file, new Inbox())
  t.teardown(() => exporter.close())
  await journal.write('a')
  await drain(stepsOf(exporter))
  await journal.write('b')
  journal.rotate('-2026-11-28-2')
  await journal.write('c')
  const rotation = { size: null, isDaily: true, keepSeconds: 86_400 }
  const day = 86_400_000
  t.same([...(await exportedLines(journal.file))], [['siem', 1]])
  t.same(await expiredFiles(journal.file, now + 2 * day, rotation), [])
  t.match(await expiredFiles(journal.file, now + 9 * day, rotation), [{ from: 1, to: 2, unsent: 'siem' }])
  await drain(stepsOf(exporter))
  t.match(await expiredFiles(journal.file, now + 2 * day, rotation), [{ from: 1, to: 2, unsent: '' }])
})
