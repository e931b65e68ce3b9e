/** The threads that hash: how much they take, and what becomes of a password when one dies. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { hash, verify } from '../../src/identity/hash-threads.ts'

const cheap = { memoryCost: 8, timeCost: 1, parallelism: 1 }
/** A second or so. */
const dear = { memoryCost: 200_000, timeCost: 20, parallelism: 1 }

/** Niceness and scheduling policy (5 is SCHED_IDLE) of the threads of this process that are not as it began. */
function priorities(): string[] {
  return readdirSync('/proc/self/task')
    .map(id => {
      const stat = readFileSync(`/proc/self/task/${id}/stat`, 'latin1')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return `nice ${fields[16]}, policy ${fields[38]}`
    })
    .filter(each => each !== 'nice 0, policy 0')
    .sort()
}

/** What a process of its own prints that ends by itself. */
async function runScript(script: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const known = `
    import { once } from 'node:events'
    import { readdirSync, readFileSync } from 'node:fs'
    import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
    import { Worker } from 'node:worker_threads'
    import { hash } from './src/identity/hash-threads.ts'
    ${priorities}`
  const asked = ['--import=tsx', '--input-type=module', '--eval', known + script]
  const { stdout } = await promisify(execFile)(process.execPath, asked, {
    env: { ...process.env, ...env },
    timeout: 60_000
  })
  return stdout
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

t.beforeEach(() => working.clear())
// Nobody loses patience but where a test says so, however busy the machine is.
mock.timers.enable({ apis: ['setTimeout'] })

t.test('it runs on idle cores only, and nothing else does', { skip: process.platform !== 'linux' }, async t => {
  await hash('correct horse', cheap)
  t.same(priorities(), ['nice 10, policy 5'])
})

t.test('one thread serves for many, and as many as are asked at once run at once', async t => {
  const one = await hash('correct horse', cheap)
  t.equal(await verify(one, 'correct horse'), true)
  t.equal(working.size, 1)
  await Promise.all(Array.from({ length: 3 }, () => verify(one, 'correct horse')))
  t.equal(working.size, 3)
})

t.test('where no core is idle for a quarter of a second', { skip: process.platform !== 'linux' }, async t => {
  const first = hash('correct horse', dear)
  const [starved] = working
  mock.timers.tick(249)
  await setImmediate()
  t.equal(working.size, 1)
  mock.timers.tick(1)
  await setImmediate()
  t.equal(working.size, 2, 'a thread that has a share of its own does the same')

  working.clear()
  t.match(await hash('battery staple', cheap), /^\$argon2id\$/, 'and is not waited for by others')
  t.notOk(working.has(starved!), 'nor do they wait for an idle core')
  t.equal(await verify(await first, 'correct horse'), true, 'whoever is done first answers')
  t.ok(priorities().includes('nice 10, policy 0'))
  while (!working.has(starved!)) await hash('battery staple', cheap)
})

t.test('where no thread can be told to wait for idle cores, it still gives way', async t => {
  const script = `
    const asked = []
    const post = Worker.prototype.postMessage
    Worker.prototype.postMessage = function (...all) { asked.push(this); post.apply(this, all) }
    mock.timers.enable({ apis: ['setTimeout'] })
    const first = hash('correct horse', ${JSON.stringify(dear)})
    await once(asked[0], 'message')
    mock.timers.tick(250)
    await first
    await hash('correct horse', ${JSON.stringify(cheap)})
    console.log(JSON.stringify([asked.length, new Set(asked).size, priorities()]))`
  const [times, threads, found] = JSON.parse(await runScript(script, { PATH: '' }))
  t.equal(times, 2)
  t.equal(threads, 1, 'and nobody does the work again')
  t.same(found, process.platform === 'linux' ? ['nice 10, policy 0'] : [])
})

t.test('what argon2 says of a broken hash is what the caller hears', async t => {
  await t.rejects(verify('$argon2id$v=19$m=8$broken', 'correct horse'), /./)
  t.equal(await verify(await hash('correct horse', cheap), 'correct horse'), true)
})

t.test('a thread that dies takes no password with it in silence', async t => {
  const lost = hash('correct horse', dear)
  for (const worker of working) worker.terminate()
  await t.rejects(lost, /ended/)
  t.equal(await verify(await hash('correct horse', cheap), 'correct horse'), true, 'the next one gets a new thread')
})

t.test('after a minute without a password it is gone', async t => {
  await hash('correct horse', cheap)
  const [worker] = working
  mock.timers.tick(59_999)
  t.ok(worker!.threadId > 0)
  mock.timers.tick(1)
  while (worker!.threadId !== -1) await setImmediate()
})

t.test('it keeps no process alive that has nothing else to do', async t => {
  t.match(await runScript(`console.log(await hash('correct horse', ${JSON.stringify(cheap)}))`), /^\$argon2id\$/)
})
