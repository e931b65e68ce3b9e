/** A process that stands still with the lock of the journal (`src/audit/journal-lock.ts`). */
import { spawn } from 'node:child_process'
import { readFileSync, readlinkSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { JournalLock } from '../../src/audit/journal-lock.ts'
import { terminal } from '../cli/terminal.ts'

/** A process that has the lock at `file`, and stands still. */
async function stopped(t: Test, file: string): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 60000)'], { stdio: 'ignore' })
  t.teardown(() => child.kill('SIGKILL'))
  const pid = child.pid!
  child.kill('SIGSTOP')
  const stat = () => readFileSync(`/proc/${pid}/stat`, 'utf8')
  while (!/\) T /.test(stat())) await new Promise(setImmediate)
  // What this process would write there, with the other's number and start.
  const model = `${file}.model`
  const mine = new JournalLock(model)
  await mine.acquire()
  const [place] = readlinkSync(model).split(':')
  await mine.release()
  const start = stat()
    .slice(stat().lastIndexOf(')') + 2)
    .split(' ')[19]
  symlinkSync(`${place}:${pid}:${start}:0123456789ab`, file)
  return pid
}

const skip = process.platform !== 'linux' && 'only Linux shows the state of a process'

t.test('whoever waits hears its name and the ways out, and gets the lock once it has ended', { skip }, async t => {
  const file = path.join(t.testdir({}), 'lock')
  const pid = await stopped(t, file)
  const says = new RegExp(`process ${pid} stands still .*lock.*kill -CONT ${pid}.*kill -KILL ${pid}`)
  const lock = new JournalLock(file)
  await t.rejects(lock.check(), says)
  await t.rejects(lock.acquire(), says)
  process.kill(pid, 'SIGKILL')
  await lock.acquire()
  await lock.check()
  await lock.release()
})

t.test('a command lets nobody in unrecorded, and ends access', { skip }, async t => {
  const factorgate = terminal(t)
  await factorgate.ok('user', 'add', 'alice')
  const pid = await stopped(t, path.join(factorgate.folder, 'var/journal.jsonl.lock'))
  const says = new RegExp(`process ${pid} stands still .*kill -CONT ${pid}`)
  t.match(await factorgate('user', 'add', 'bob'), { code: 1, stdout: '', stderr: says })
  t.match(await factorgate('user', 'suspend', 'alice', '--why', 'x'), { code: 1, stderr: says })
  const people = await factorgate.ok('user', 'list')
  t.notMatch(people, 'bob')
  t.match(people, /alice.*suspended/)
})
