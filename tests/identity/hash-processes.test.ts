/** The processes that hash: how much they take, and what becomes of a password when one waits for ever or dies. */
import { type ChildProcess, execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import t from 'tap'
import { hash, verify } from '../../src/identity/hash-processes.ts'
import { seeHashWork } from '../helpers/hash-work.ts'

const isLinux = process.platform === 'linux'
const cheap = { memoryCost: 8, timeCost: 1, parallelism: 1 }
const hashed = /^\$argon2id\$/

/** Who was given work, in turn. */
const asked: ChildProcess[] = []
/** How much of the work to come is kept from its process until it is let go, and what is kept. */
let toHold = 0
const held: (() => void)[] = []

t.teardown(
  seeHashWork((child, _, give) => {
    asked.push(child)
    if (toHold > 0) held.push(give)
    else give()
    toHold = Math.max(0, toHold - 1)
  })
)
t.beforeEach(() => {
  asked.length = held.length = toHold = 0
})
// Nobody loses patience but where a test says so, however busy the machine is.
mock.timers.enable({ apis: ['setTimeout'] })

/** Resolves when that process has said what comes of its work. */
async function answered(child: ChildProcess): Promise<void> {
  keepAlive(child)
  for (;;) {
    const [message] = await once(child, 'message')
    if ('value' in message) return
  }
}

/** This process waits for it, also where the gate would not. */
function keepAlive(child: ChildProcess): void {
  child.ref()
  child.channel?.ref()
}

/** Niceness and scheduling policy (5 is SCHED_IDLE). */
function priority({ pid }: ChildProcess): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return `nice ${fields[16]}, policy ${fields[38]}`
}

/** What a program prints that hashes, and ends by itself. Its environment is `env`. */
async function runScript(script: string, { before = '', nice = 0 } = {}): Promise<string> {
  const whole = `
    ${before}
    const { hash } = await import('./src/identity/hash-processes.ts')
    const cheap = ${JSON.stringify(cheap)}
    ${script}`
  const node = [process.execPath, '--import=tsx', '--input-type=module', '--eval', whole]
  return (await promisify(execFile)('/usr/bin/nice', ['-n', String(nice), ...node], { timeout: 60_000 })).stdout
}

t.test('it runs on idle cores only', { skip: !isLinux }, async t => {
  await hash('correct horse', cheap)
  t.equal(priority(asked[0]!), 'nice 0, policy 5')
})

t.test('it is told no secret of the gate', { skip: !isLinux }, async t => {
  process.env.FACTORGATE_TEST_SECRET = 'hush'
  t.teardown(() => delete process.env.FACTORGATE_TEST_SECRET)
  await Promise.all([1, 2, 3].map(() => hash('correct horse', cheap)))
  for (const { pid } of asked) t.notMatch(readFileSync(`/proc/${pid}/environ`, 'latin1'), /FACTORGATE|hush/)
})

t.test('one serves for many, and as many as are asked at once run at once', async t => {
  const one = await hash('correct horse', cheap)
  t.equal(await verify(one, 'correct horse'), true)
  t.equal(new Set(asked).size, 1)
  asked.length = 0
  await Promise.all(Array.from({ length: 3 }, () => verify(one, 'correct horse')))
  t.equal(new Set(asked).size, 3)
})

t.test('a password is its characters, whatever they are', async t => {
  for (const password of ['\u0000"\\\n', '\u{1f511}é\u2028', 'x'.repeat(1024)]) {
    const one = await hash(password, cheap)
    t.equal(await verify(one, password), true)
    t.equal(await verify(one, `${password} `), false)
  }
})

t.test('what argon2 says of a broken hash is what the caller hears', async t => {
  await t.rejects(verify('$argon2id$v=19$m=8$broken', 'correct horse'), /./)
  t.equal(await verify(await hash('correct horse', cheap), 'correct horse'), true)
})

t.test('where no core is idle for a quarter of a second', { skip: !isLinux }, async t => {
  toHold = 1
  const first = hash('correct horse', cheap)
  mock.timers.tick(249)
  await setImmediate()
  t.equal(asked.length, 1)
  mock.timers.tick(1)
  t.equal(await verify(await first, 'correct horse'), true, 'one that has a share of its own does the same')
  const [starved, rescuer] = asked
  t.not(rescuer, starved)
  t.equal(priority(rescuer!), 'nice 10, policy 0')

  asked.length = 0
  t.match(await hash('battery staple', cheap), hashed)
  t.same(asked, [rescuer], 'nobody else waits for an idle core meanwhile')

  const through = answered(starved!)
  held[0]!()
  await through
  asked.length = 0
  t.match(await hash('battery staple', cheap), hashed)
  t.not(asked[0], rescuer, 'idle cores are asked again once that one is through')
})

t.test('whoever is done first answers', { skip: !isLinux }, async t => {
  toHold = 2
  const first = hash('correct horse', cheap)
  mock.timers.tick(250)
  await setImmediate()
  t.equal(held.length, 2)
  const [one, other] = held
  one!()
  t.match(await first, hashed, 'also the one that was late')
  const through = answered(asked[1]!)
  other!()
  await through
})

for (const dying of [0, 1])
  t.test(`of two that do the same, number ${dying + 1} dies`, { skip: !isLinux }, async t => {
    toHold = 2
    const first = hash('correct horse', cheap)
    mock.timers.tick(250)
    await setImmediate()
    asked[dying]!.kill('SIGKILL')
    await once(asked[dying]!, 'exit')
    keepAlive(asked[1 - dying]!)
    held[1 - dying]!()
    t.match(await first, hashed)
  })

t.test('a process that dies takes no password with it in silence', async t => {
  toHold = 2
  const lost = hash('correct horse', cheap)
  if (isLinux) mock.timers.tick(250)
  await setImmediate()
  for (const child of asked) {
    keepAlive(child)
    child.kill('SIGKILL')
  }
  await t.rejects(lost, /ended/)
  toHold = 0
  t.equal(await verify(await hash('correct horse', cheap), 'correct horse'), true, 'the next one gets a new one')
})

t.test('after ten minutes without a password it is gone', async t => {
  await hash('correct horse', cheap)
  mock.timers.tick(599_999)
  t.equal(asked[0]!.killed, false)
  mock.timers.tick(1)
  t.match(await hash('correct horse', cheap), hashed, 'and who comes at that moment gets another')
  t.not(asked[1], asked[0])
  if (asked[0]!.signalCode === null) await once(asked[0]!, 'exit')
})

t.test('ten minutes with a password are none without', async t => {
  await hash('correct horse', cheap)
  mock.timers.tick(599_999)
  toHold = 1
  const second = hash('correct horse', cheap)
  t.equal(asked[1], asked[0])
  mock.timers.tick(1)
  held[0]!()
  t.match(await second, hashed)
})

/** Lets no process begin whose command has that word in it; notes the words that began. */
const refusing = (word: string) => `
  const { default: childProcess } = await import('node:child_process')
  const began = []
  const spawn = childProcess.spawn
  childProcess.spawn = (command, args, options) => {
    const isRefused = [command, ...args].includes('${word}')
    const child = isRefused ? spawn('/nowhere/at-all', args, options) : spawn(command, args, options)
    began.push(isRefused ? 'refused' : args.at(-1), child.pid)
    return child
  }
  const { syncBuiltinESMExports } = await import('node:module')
  syncBuiltinESMExports()`

t.test('where nothing can wait for idle cores, it still gives way', { skip: !isLinux }, async t => {
  const script = `
    for (let i = 0; i < 3; i++) await hash('correct horse', cheap)
    const { readFileSync } = await import('node:fs')
    const fields = readFileSync('/proc/' + began.at(-1) + '/stat', 'latin1').split(') ')[1].split(' ')
    console.log(JSON.stringify([...began.filter(each => typeof each === 'string'), fields[16]]))`
  const before = refusing('chrt')
  t.same(JSON.parse(await runScript(script, { before })), ['refused', 'nice', '10'], 'and tries it once')
  t.same(
    JSON.parse(await runScript(script, { before, nice: 15 })),
    ['refused', 'nice', '15'],
    'never less than the gate does'
  )
})

t.test('where no process can be started, the gate hashes itself', async t => {
  const script = `
    const found = []
    for (let i = 0; i < 3; i++) found.push(await hash('correct horse', cheap))
    const { verify } = await import('./src/identity/hash-processes.ts')
    found.push(await verify(found[0], 'correct horse'), await verify(found[0], 'another'))
    found.push(await verify('$argon2id$v=19$m=8$broken', 'x').catch(error => error instanceof Error && error.message !== ''))
    console.log(JSON.stringify([found, began.filter(each => typeof each === 'string')]))`
  const [found, began] = JSON.parse(await runScript(script, { before: refusing(process.execPath) }))
  for (const one of found.slice(0, 3)) t.match(one, hashed)
  t.same(found.slice(3), [true, false, true])
  t.same(new Set(began), new Set(['refused']))
  t.equal(began.length, isLinux ? 2 : 1)
})

t.test('a terminal that ends the gate takes no sign-in with it', async t => {
  await hash('correct horse', cheap)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) asked[0]!.kill(signal)
  for (let i = 0; i < 5; i++) t.match(await hash('correct horse', cheap), hashed)
  t.equal(new Set(asked).size, 1)
})

t.test('one that ended while nobody asked is given no work', async t => {
  await hash('correct horse', cheap)
  const [first] = asked
  keepAlive(first!)
  first!.disconnect()
  await once(first!, 'exit')
  t.match(await hash('correct horse', cheap), hashed)
  t.not(asked[1], first)
  if (isLinux) t.equal(priority(asked[1]!), 'nice 0, policy 5', 'nor does it stand for its like')
})

t.test('it ends with whoever started it, whatever becomes of that', { skip: !isLinux }, async t => {
  const pid = await runScript(
    `
    await hash('correct horse', cheap)
    console.log(began.at(-1))
    process.stdout.write('', () => process.kill(process.pid, 'SIGKILL'))`,
    { before: refusing('nothing') }
  ).catch(({ stdout }) => stdout)
  const isGone = () => {
    try {
      return readFileSync(`/proc/${Number(pid)}/stat`, 'latin1').includes(') Z ')
    } catch {
      return true
    }
  }
  t.ok(Number(pid) > 1)
  while (!isGone()) await setImmediate()
})

t.test('it keeps nothing alive that has nothing else to do', async t => {
  t.match(await runScript(`console.log(await hash('correct horse', cheap))`), hashed)
  const before = `${refusing('nothing')}
    const forward = childProcess.spawn
    childProcess.spawn = (...all) => {
      childProcess.spawn = forward
      const child = forward(...all)
      child.send = () => true
      syncBuiltinESMExports()
      return child
    }
    syncBuiltinESMExports()`
  if (isLinux)
    t.match(
      await runScript(`console.log(await hash('correct horse', cheap))`, { before }),
      hashed,
      'nor one that waits in vain'
    )
})
