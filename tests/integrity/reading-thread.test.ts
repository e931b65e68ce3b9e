/** What the reading of a body is said to have cost. */
import { pbkdf2 } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { address } from './fixture.ts'

const program = new URL('../../src/integrity/reading-thread.ts', import.meta.url)
const skip = !existsSync('/proc/thread-self/schedstat') && 'this system does not count the time of a thread'

t.test(
  'the cost of a reading is processor time: on a busy machine it is not what others have had',
  { skip },
  async t => {
    const worker = new Worker(program)
    t.teardown(() => worker.terminate())
    const read = async () => {
      const bytes = new Uint8Array(gzipSync('<script src="/a.js"></script>'))
      const body = {
        kind: 'page',
        bytes,
        isWhole: true,
        coding: 'gzip',
        contentType: 'text/html',
        address: address('/x')
      }
      const began = performance.now()
      worker.postMessage({ id: 1, body })
      const [{ reading, ms }] = await once(worker, 'message')
      t.match(reading.marks, [{ kind: 'script', value: '/a.js' }])
      return { ms, passed: performance.now() - began }
    }
    await read()
    // The threads that undo the coding have other work, so the reading waits.
    for (let i = 0; i < 16; i++) pbkdf2('password', 'salt', 150_000, 32, 'sha256', () => {})
    const { ms, passed } = await read()
    t.ok(passed > 20, `${passed} ms have passed`)
    t.ok(ms < passed / 2, `and ${ms} ms were spent`)
  }
)

t.test(
  'of many short readings the system counts none exactly, and their sum is what the thread has had',
  { skip },
  async t => {
    const tasks = () => readdirSync('/proc/self/task')
    const others = new Set(tasks())
    const worker = new Worker(program)
    t.teardown(() => worker.terminate())
    const page = `<a href="/x">y</a>`.repeat(400)
    const read = async () => {
      const bytes = new TextEncoder().encode(page)
      worker.postMessage({
        id: 1,
        body: { kind: 'page', bytes, isWhole: true, coding: '', contentType: 'text/html', address: address('/x') }
      })
      const [{ ms }] = await once(worker, 'message')
      return ms as number
    }
    const spentByThreads = () =>
      tasks()
        .filter(task => !others.has(task))
        .map(task => Number(readFileSync(`/proc/self/task/${task}/schedstat`, 'latin1').split(' ')[0]) / 1e6)
        .sort((one, other) => other - one)[0] as number
    for (let i = 0; i < 20; i++) await read()
    const before = spentByThreads()
    let said = 0
    for (let i = 0; i < 150; i++) said += await read()
    const spent = spentByThreads() - before
    t.ok(said > spent * 0.8 - 10 && said < spent * 1.2 + 10, `${said} of ${spent} ms`)
  }
)
