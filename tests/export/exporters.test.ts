/** One process of a machine exports at a time, and its end sends what is there. */
import { readlinkSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { exportFolderOf } from '../../src/audit/export-cursor.ts'
import { makeFolder } from '../../src/ensure-directory.ts'
import { Exporters } from '../../src/export/exporters.ts'
import { until } from '../fixtures/in-process/until.ts'
import { exporterOf, Inbox, makeJournal } from './exporting.ts'

function started(t: Test, journal: string, inbox: Inbox, closeMs?: number) {
  const { exporter } = exporterOf(journal, inbox)
  const terms = closeMs === undefined ? {} : { closeMs }
  const exporters = new Exporters({ journal, exporters: [exporter], onError: error => t.error(error), ...terms })
  t.teardown(() => exporters.stop())
  exporters.start()
  return exporters
}

t.test('lines are sent by one of two, and by the other when that one has ended', async t => {
  const journal = makeJournal(t)
  await journal.write('a')
  const [inbox, other] = [new Inbox(), new Inbox()]
  const first = started(t, journal.file, inbox)
  await until(() => inbox.got.length === 1, 'the lines come')
  const second = started(t, journal.file, other)
  t.equal(first.isHolder, true)
  await journal.write('b')
  await first.stop()
  t.same(inbox.names, ['a', 'b'], 'its end sends what is there')
  await second.stop()
  await journal.write('c')
  started(t, journal.file, other)
  await until(() => other.got.length === 1, 'the lines come')
  t.same(other.names, ['c'])
})

t.test('the lease of a process that was killed is taken over', async t => {
  const journal = makeJournal(t)
  await journal.write('a')
  const lease = path.join(exportFolderOf(journal.file), 'lease')
  makeFolder(path.dirname(lease))
  const inbox = new Inbox()
  const before = started(t, journal.file, inbox)
  await until(() => inbox.got.length === 1, 'the lines come')
  const mine = readlinkSync(lease)
  await before.stop()
  // The same machine, and a process id that no process has.
  symlinkSync(mine.replace(/:\d+:\d*:/, ':4194305:1:'), lease)
  await journal.write('b')
  started(t, journal.file, inbox)
  await until(() => inbox.got.length === 2, 'the lines come')
  t.same(inbox.names, ['a', 'b'])
})

/** Its first send ends when `free` is called, and no sooner. */
class Stuck extends Inbox {
  readonly begun: Promise<void>
  free = () => {}
  #begin = () => {}

  constructor() {
    super()
    this.begun = new Promise(resolve => {
      this.#begin = resolve
    })
  }

  override send(): Promise<void> {
    this.#begin()
    return new Promise(resolve => {
      this.free = resolve
    })
  }
}

t.test('an end does not wait for a send that cannot be ended, and nobody else sends meanwhile', async t => {
  const journal = makeJournal(t)
  await journal.write('a')
  const stuck = new Stuck()
  const before = started(t, journal.file, stuck, 1)
  await stuck.begun
  await before.stop()
  const next = started(t, journal.file, new Inbox())
  await new Promise(resolve => setImmediate(resolve))
  t.equal(next.isHolder, false)
  stuck.free()
  await until(() => next.isHolder, 'the other one exports')
})
