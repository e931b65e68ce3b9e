/** The hashing processes: their cost, and what happens to a password when one hangs, dies or cannot be started. */
import { type ChildProcess, execFile, execFileSync } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { HashProcesses } from '../../src/identity/password/hash-processes.ts'
import { seeHashWork, startHashersBy } from '../fixtures/in-process/hash-work.ts'
import { readsTypeScript } from '../fixtures/process/program.ts'
import { until } from '../fixtures/process/redis-server.ts'

const isLinux = process.platform === 'linux'
const cheap = { memoryCost: 8, timeCost: 1, parallelism: 1 }
const hashed = /^\$argon2id\$/
const minute = 60_000
const tenMinutes = 10 * minute

type Start = (
  begin: (command: string, ...args: string[]) => ChildProcess,
  command: string,
  args: readonly string[]
) => ChildProcess

const asUsual: Start = (begin, command, args) => begin(command, ...args)

/** Timers that fire when the test says so. Those of node:test lose some that are cleared after they fired, as the gate's are. */
function standStill(): { tick(ms: number): void; goOn(): void } {
  const { setTimeout, clearTimeout } = globalThis
  const due = new Map<object, { at: number; ring: () => void }>()
  let now = 0
  globalThis.setTimeout = ((ring: () => void, ms = 0) => {
    const timer = { ref: () => timer, unref: () => timer }
    due.set(timer, { at: now + ms, ring })
    return timer
  }) as unknown as typeof setTimeout
  globalThis.clearTimeout = (timer => {
    due.delete(timer as object)
  }) as typeof clearTimeout
  return {
    tick(ms) {
      now += ms
      for (const [timer, { at, ring }] of due)
        if (at <= now) {
          due.delete(timer)
          ring()
        }
    },
    goOn() {
      Object.assign(globalThis, { setTimeout, clearTimeout })
    }
  }
}

/** Processes of one test. Its timers fire only when the test says so. */
function setUp(t: Test, start: Start = asUsual) {
  const started: ChildProcess[] = []
  const given: ChildProcess[] = []
  const held: (() => void)[] = []
  const changes: string[] = []
  const news = new EventEmitter()
  let toHold = 0
  const undo = [
    startHashersBy((spawn, command, args, options) => {
      const child = start((first, ...more) => spawn(first, more, options), command, args)
      started.push(child)
      return child
    }),
    seeHashWork((child, _, give) => {
      given.push(child)
      if (toHold > 0) held.push(give)
      else give()
      toHold = Math.max(0, toHold - 1)
      news.emit('given')
    })
  ]
  const time = standStill()
  // The gate waits for no process that has nothing to do; a test does.
  const alive = setInterval(() => {}, minute)
  const all = new HashProcesses({
    onChange: problem => changes.push(problem === null ? 'again' : problem.message)
  })
  t.teardown(() => {
    all.close()
    clearInterval(alive)
    time.goOn()
    for (const each of undo.reverse()) each()
  })
  return {
    all,
    changes,
    started,
    given,
    held,
    hash: (text = 'correct horse') => all.hash(text, cheap),
    /** The amount of later work that is kept from its process until `held` is called. */
    hold(count: number) {
      toHold = count
    },
    async untilGiven(count: number) {
      while (given.length < count) await once(news, 'given')
    },
    time,
    async tick(ms: number) {
      time.tick(ms)
      await setImmediate()
      await setImmediate()
    }
  }
}

/** This process waits for it, although the gate would not. */
function keepAlive(child: ChildProcess): ChildProcess {
  child.ref()
  child.channel?.ref()
  return child
}

async function killed(child: ChildProcess): Promise<void> {
  const ended = once(keepAlive(child), 'exit')
  child.kill('SIGKILL')
  await ended
}

/** The niceness of a process. */
function niceness(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]
}

t.test('it gives way to the gate, and is told no secret of it', { skip: !isLinux }, async t => {
  process.env.FACTORGATE_TEST_SECRET = 'hush'
  t.teardown(() => delete process.env.FACTORGATE_TEST_SECRET)
  const { hash, started } = setUp(t)
  await hash()
  const pid = started[0]!.pid!
  t.equal(niceness(pid), String(Math.max(10, getPriority())))
  t.notMatch(readFileSync(`/proc/${pid}/environ`, 'latin1'), /FACTORGATE|hush/)
})

t.test('one serves for many, and as many as are asked at once run at once', async t => {
  const { all, hash, given } = setUp(t)
  const one = await hash()
  t.equal(await all.verify(one, 'correct horse'), true)
  t.equal(new Set(given).size, 1)
  given.length = 0
  await Promise.all(Array.from({ length: 3 }, () => all.verify(one, 'correct horse')))
  t.equal(new Set(given).size, 3)
})

t.test('a password is its characters, whatever they are', async t => {
  const { all, hash } = setUp(t)
  for (const password of ['\u0000"\\\n', '\u{1f511}é\u2028', 'x'.repeat(1024)]) {
    const one = await hash(password)
    t.equal(await all.verify(one, password), true)
    t.equal(await all.verify(one, `${password} `), false)
  }
})

t.test('what argon2 says of a broken hash is what the caller hears', async t => {
  const { all, hash, given } = setUp(t)
  await t.rejects(all.verify('$argon2id$v=19$m=8$broken', 'correct horse'), /./)
  t.equal(await all.verify(await hash(), 'correct horse'), true)
  t.equal(new Set(given).size, 1, 'and nothing has died of it')
})

t.test('what one died of, another tries; what two died of, nobody does, and least of all the gate', async t => {
  const { hash, hold, given, untilGiven } = setUp(t)
  hold(2)
  const lost = hash()
  await untilGiven(1)
  await killed(given[0]!)
  await untilGiven(2)
  await killed(given[1]!)
  await t.rejects(lost, /ended with SIGKILL/)
  t.match(await hash(), hashed, 'the next one gets a new one')

  const [free] = given.slice(-1)
  const next = hash()
  free!.kill('SIGKILL')
  t.match(await next, hashed, 'nor is one lost that is given away in the moment of death')
})

t.test('one that hangs is ended', async t => {
  const { hash, hold, given, tick, untilGiven } = setUp(t)
  hold(1)
  const first = hash()
  await untilGiven(1)
  const ended = once(given[0]!, 'exit')
  await tick(30_000)
  t.match(await first, hashed)
  t.same(await ended, [null, 'SIGKILL'])
})

t.test('after a minute without a password it is gone', async t => {
  const { hash, given, tick, time } = setUp(t)
  await hash()
  const ended = once(given[0]!, 'exit')
  await tick(minute - 1)
  t.equal(given[0]!.killed, false)
  time.tick(1)
  t.match(await hash(), hashed, 'and who comes at that moment gets another')
  t.not(given[1], given[0])
  await ended
})

t.test('a minute with a password is none without', async t => {
  const { hash, hold, held, given, tick } = setUp(t)
  await hash()
  await tick(minute - 1)
  hold(1)
  const second = hash()
  t.equal(given[1], given[0])
  await tick(1)
  held[0]!()
  t.match(await second, hashed)
  t.equal(given.length, 2)
})

t.test('one that ended while nobody asked is given no work', async t => {
  const { hash, given, changes } = setUp(t)
  await hash()
  const ended = once(keepAlive(given[0]!), 'exit')
  given[0]!.disconnect()
  await ended
  t.match(await hash(), hashed)
  t.not(given[1], given[0])
  t.same(changes, [], 'which says nothing of others')
})

t.test('a terminal that ends the gate takes no sign-in with it', async t => {
  const { hash, given } = setUp(t)
  await hash()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) given[0]!.kill(signal)
  for (let i = 0; i < 5; i++) t.match(await hash(), hashed)
  t.equal(new Set(given).size, 1)
})

t.test('once closed all have ended, and nobody begins again', async t => {
  const { all, hash, hold, started, untilGiven } = setUp(t)
  await hash()
  hold(1)
  const last = t.rejects(hash(), /ended by the gate/)
  await untilGiven(2)
  const ended = once(keepAlive(started[0]!), 'exit')
  all.close()
  await last
  await ended
  await t.rejects(hash(), /no password is hashed any more/)
  t.equal(started.length, 1)
})

/** How a process fails, and what the gate says of it. */
const failures: readonly (readonly [how: string, begin: Start, says: RegExp])[] = [
  ['is not there', begin => begin('/nowhere/at-all'), /ENOENT/],
  ['is refused', begin => begin('/bin/sh', '-c', 'exit 1'), /ended with 1/],
  ['is killed for it', begin => begin('/bin/sh', '-c', 'kill -SYS $$'), /ended with SIGSYS/],
  [
    'must not be started',
    () => {
      throw new Error('EPERM')
    },
    /EPERM/
  ]
]

for (const [how, fail, says] of failures)
  t.test(`where a process ${how}, the gate hashes by itself`, async t => {
    let isBroken = true
    const { all, hash, started, changes, tick } = setUp(t, (begin, command, args) =>
      isBroken ? fail(begin, command, args) : begin(command, ...args)
    )
    const one = await hash()
    t.match(one, hashed)
    t.equal(await all.verify(one, 'correct horse'), true)
    t.equal(await all.verify(one, 'another'), false)
    await t.rejects(all.verify('$argon2id$v=19$m=8$broken', 'x'), /./)
    t.equal(changes.length, 1, 'and says so once')
    t.match(changes[0], says)
    await tick(tenMinutes - 1)
    const before = started.length
    t.match(await hash(), hashed)
    t.equal(started.length, before, 'no process is tried for ten minutes')
    await tick(1)
    t.match(await hash(), hashed)
    t.equal(changes.length, 1, 'nor said again for the same')
    isBroken = false
    await tick(tenMinutes)
    t.match(await hash(), hashed)
    t.same(changes.slice(1), ['again'])
    t.equal(started.length, before + (how === 'must not be started' ? 1 : 2), 'it was tried in between')
  })

/** What a program prints that hashes and ends by itself. `all` are its processes, `started` their ids. */
async function runScript(script: string, { nice = 0 } = {}): Promise<string> {
  const whole = `
    const { startHashersBy } = await import('./tests/fixtures/in-process/hash-work.ts')
    const started = []
    startHashersBy((spawn, command, args, options) => {
      const child = spawn(command, args, options)
      started.push(child.pid)
      return child
    })
    const { HashProcesses } = await import('./src/identity/password/hash-processes.ts')
    const all = new HashProcesses()
    const hash = () => all.hash('correct horse', ${JSON.stringify(cheap)})
    ${script}`
  const node = [process.execPath, readsTypeScript, '--input-type=module', '--eval', whole]
  return (await promisify(execFile)('/usr/bin/nice', ['-n', String(nice), ...node], { timeout: 60_000 })).stdout
}

t.test('it is never less nice than the gate', { skip: !isLinux }, async t => {
  const script = `
    await hash()
    const { readFileSync } = await import('node:fs')
    for (const pid of started) console.log(readFileSync('/proc/' + pid + '/stat', 'latin1').split(') ')[1].split(' ')[16])`
  // The tests may themselves be run under nice.
  const own = getPriority()
  t.equal(await runScript(script, { nice: 15 }), `${Math.min(19, own + 15)}\n`)
  t.equal(await runScript(script), `${Math.max(10, own)}\n`)
})

for (const [how, script] of [
  ['is killed', `await hash(); process.stdout.write(String(started[0]), () => process.kill(process.pid, 'SIGKILL'))`],
  [
    'ends, even in the middle of a hash of an hour',
    `await hash()
    void all.hash('correct horse', { memoryCost: 100_000, timeCost: 100_000, parallelism: 1 })
    process.stdout.write(String(started[0]), () => setTimeout(() => process.exit(), 100))`
  ]
] as const)
  t.test(`it ends with a gate that ${how}`, { skip: !isLinux }, async t => {
    const pid = Number(await runScript(script).catch(({ stdout }) => stdout))
    // A 0 would mean the group of this process.
    if (!(pid > 1)) throw new Error('the script told no process')
    t.teardown(() => execFileSync('/bin/sh', ['-c', `kill -KILL ${pid} || true`], { stdio: 'ignore' }))
    const isGone = () => !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`).includes(') Z ')
    await until('it is gone', async () => isGone())
  })

t.test('it keeps nothing alive that has nothing else to do', async t => {
  t.match(await runScript('console.log(await hash())'), hashed)
})
