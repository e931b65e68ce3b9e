/** The threads that hash: how much they take, and what becomes of a password when one dies. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mock } from 'node:test'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { hash, verify } from '../../src/identity/hash-threads.ts'
import { until } from '../helpers/redis-server.ts'

const cheap = { memoryCost: 8, timeCost: 1, parallelism: 1 }

/** The niceness of each thread of this process. */
function niceness(): number[] {
  return readdirSync('/proc/self/task').map(id => {
    const stat = readFileSync(`/proc/self/task/${id}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
  })
}

/** The threads that are given work from now on. */
function watchWork(): Set<Worker> {
  const seen = new Set<Worker>()
  const post = Worker.prototype.postMessage
  Worker.prototype.postMessage = function (this: Worker, ...all: Parameters<typeof post>) {
    seen.add(this)
    post.apply(this, all)
  }
  t.teardown(() => {
    Worker.prototype.postMessage = post
  })
  return seen
}
const working = watchWork()

t.test('it gives way to everything else, and nothing else does', { skip: process.platform !== 'linux' }, async t => {
  await hash('correct horse', cheap)
  t.same(
    niceness().filter(nice => nice !== 0),
    [10]
  )
})

t.test('one thread serves for many, and as many as are asked at once run at once', async t => {
  working.clear()
  const one = await hash('correct horse', cheap)
  t.equal(await verify(one, 'correct horse'), true)
  t.equal(working.size, 1)
  await Promise.all(Array.from({ length: 3 }, () => verify(one, 'correct horse')))
  t.equal(working.size, 3)
})

t.test('what argon2 says of a broken hash is what the caller hears', async t => {
  await t.rejects(verify('$argon2id$v=19$m=8$broken', 'correct horse'), /./)
  t.equal(await verify(await hash('correct horse', cheap), 'correct horse'), true)
})

t.test('a thread that dies takes no password with it in silence', async t => {
  working.clear()
  const lost = hash('correct horse', { ...cheap, memoryCost: 200_000, timeCost: 20 })
  for (const worker of working) worker.terminate()
  await t.rejects(lost, /ended/)
  t.equal(await verify(await hash('correct horse', cheap), 'correct horse'), true, 'the next one gets a new thread')
})

t.test('after a minute without a password it is gone', async t => {
  mock.timers.enable({ apis: ['setTimeout'] })
  working.clear()
  await hash('correct horse', cheap)
  const [worker] = working
  mock.timers.tick(59_999)
  t.ok(worker!.threadId > 0)
  mock.timers.tick(1)
  mock.timers.reset()
  await until('it is gone', async () => worker!.threadId === -1)
})

t.test('it keeps no process alive that has nothing else to do', async t => {
  const script = `import { hash } from './src/identity/hash-threads.ts'; console.log(await hash('correct horse', ${JSON.stringify(cheap)}))`
  const asked = ['--import=tsx', '--input-type=module', '--eval', script]
  const { stdout } = await promisify(execFile)(process.execPath, asked, { timeout: 20_000 })
  t.match(stdout, /^\$argon2id\$/)
})
