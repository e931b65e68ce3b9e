/**
 * An hour of ordinary work: 300 signed-in requests a second, people who sign in, open a WebSocket, an event stream and a download, and
 * whose session then ends in one of three ways, and strangers who guess. It reports memory, descriptors, store and journal by the minute.
 * It runs only by name; `SOAK_MINUTES` shortens it, `SOAK_STORE=redis` takes the other store.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { Person, totpCode } from '../fixtures/in-process/person.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'
import { type Guarded, guarded } from './gates.ts'
import { median, short, whole } from './numbers.ts'
import { flow, lossOf } from './open-loop.ts'
import { People, password, secret } from './people.ts'
import { memory, memoryOfAll, serveScript } from './processes.ts'
import { type Bench, type Found, table } from './report.ts'
import { witness } from './witness.ts'

const rate = 300
const working = 20
/** People who come and go: each signs in once in four minutes. */
const coming = 120
const signInEveryMs = 2_000
const guessEveryMs = 5_000
/** How long a session with open connections lives, before it is ended. */
const stayMs = 60_000
const patienceMs = 5_000

interface Sample {
  readonly minute: number
  /** Of the gate's own process, in MB. */
  readonly memory: number
  /** Of the processes that hash passwords, in MB; they come and go with the sign-ins. */
  readonly hashing: number
  readonly descriptors: number
  /** Bytes. */
  readonly store: number
  readonly journal: number
}

interface Work {
  signIns: number
  ended: number
  guesses: number
  readonly failures: string[]
}

type Leaving = 'sign out' | 'account page' | 'command line'
const leavings: readonly Leaving[] = ['sign out', 'account page', 'command line']

export async function soak({ end, isQuick }: Bench): Promise<Found> {
  const minutes = Number(process.env.SOAK_MINUTES ?? (isQuick ? 2 : 60))
  const onRedis = process.env.SOAK_STORE === 'redis'
  const app = await serveScript(end, 'app.mjs')
  const redis = onRedis ? await startRedis(end) : null
  const at = await guarded(end, {
    upstream: app.origin,
    people: working,
    ...(redis === null ? {} : { redis: redis.url })
  })
  const keyFile = path.join(at.gate.folder, 'factorgate.key')
  const names = await People.at(at.store, people => people.enrolled(coming, keyFile, 'visitor'))
  const cookies = at.people.map(({ cookie }) => cookie)
  const load = flow(end, { port: at.gate.port, host: at.host, cookies, rate, seconds: minutes * 60 })
  const work: Work = { signIns: 0, ended: 0, guesses: 0, failures: [] }
  const before = sampleOf(at, 0)
  const samples: Sample[] = []

  const visits = visitsOf(at, names, work)
  const timers = [
    setInterval(visits.next, signInEveryMs),
    setInterval(() => guess(at, work), guessEveryMs),
    setInterval(() => samples.push(sampleOf(at, samples.length + 1)), 60_000)
  ]
  end.teardown(() => timers.forEach(clearInterval))
  const flown = await load.done
  timers.forEach(clearInterval)
  await visits.over()
  const after = sampleOf(at, minutes)

  const lost = lossOf(flown)
  if (lost + work.failures.length > 0) console.error(evidence(at, work))
  const rows = [before, ...samples.filter((_, i) => (i + 1) % Math.max(1, Math.floor(minutes / 12)) === 0), after].map(
    ({ minute, memory, hashing, descriptors, store, journal }) => [
      String(minute),
      whole(memory),
      whole(hashing),
      String(descriptors),
      short(store / 1e6),
      short(journal / 1e6)
    ]
  )
  return {
    title: 'Soak',
    text: `${minutes} minutes on ${onRedis ? 'Redis' : 'the embedded store'}: ${rate} signed-in requests a second (${whole(flown.sent)} in all, ${lost} not answered 200; p50 ${short(flown.p50)} ms, p99 ${short(flown.p99)} ms), ${work.signIns} sign-ins, each with a WebSocket, an event stream and a download, ${work.ended} of them ended after ${stayMs / 1000} s (a third each: sign-out, account page, command line), and ${work.guesses} wrong passwords. The first row is before the load, the last one after everything has ended.

${table(['minute', 'memory MB', 'hashing MB', 'descriptors', 'store MB', 'journal MB'], rows)}`,
    bars: [
      {
        what: 'requests lost, visits that failed',
        value: lost + work.failures.length,
        limit: 0,
        better: 'less',
        isCounted: true
      },
      { ...growth('memory', samples, each => each.memory), limit: 1.1 },
      { ...growth('store', samples, each => each.store), limit: 1.1 },
      {
        what: 'descriptors once all has ended, beyond those before',
        value: after.descriptors - before.descriptors,
        limit: 50,
        better: 'less',
        isCounted: true
      }
    ]
  }
}

/** What failed, and what the gate's log says of it: the load only counts. */
function evidence({ gate }: Guarded, work: Work): string {
  const warnings = gate.output.split('\n').filter(line => /"level":(?:[4-9]\d)\b/.test(line))
  return [...new Set(work.failures), ...warnings.slice(0, 20), ...warnings.slice(20).slice(-20)].join('\n')
}

/** The last third of the run against the middle one: what levels off stays at one. */
function growth(what: string, samples: readonly Sample[], of: (sample: Sample) => number) {
  const third = Math.floor(samples.length / 3)
  const middle = samples.slice(third, 2 * third).map(of)
  const last = samples.slice(-third).map(of)
  return {
    what: `${what}, the last third of the run against the middle one`,
    value: third === 0 ? null : median(last) / median(middle),
    better: 'less' as const,
    isCounted: true
  }
}

/** People who come one after the other, and leave after their time. */
function visitsOf(at: Guarded, names: readonly string[], work: Work) {
  const people = names.map((_, i) => new Person(at.gate.port, `127.2.0.${i + 1}`))
  const running = new Set<Promise<void>>()
  let number = 0
  return {
    next: () => {
      const i = number++
      const one = visit(at, people[i % people.length]!, names[i % names.length]!, leavings[i % leavings.length]!, work)
        .catch(error => noteFailure(work, error))
        .finally(() => running.delete(one))
      running.add(one)
    },
    over: () => Promise.all(running)
  }
}

async function visit(at: Guarded, person: Person, name: string, leaving: Leaving, work: Work): Promise<void> {
  const { gate, host } = at
  person.stay()
  try {
    const login = await person.open(`http://${host}/data`)
    const challenge = await person.submit(login, { username: name, password })
    const inside = await person.submit(challenge, { code: totpCode(secret, Date.now()) })
    if (inside.status !== 200 || inside.body.length !== 100)
      throw new Error(`${name} wanted in: ${inside.url} answered ${inside.status}`)
    work.signIns++
    const open = await witness({ port: gate.port, host, cookie: person.cookies(host), pauseMs: 2_000 })
    try {
      await new Promise(resolve => setTimeout(resolve, stayMs))
      if (open.ended.size > 0) throw new Error(`${[...open.ended.keys()]} of ${name} ended before the session`)
      await leave(at, person, name, leaving)
      await open.all(patienceMs)
      if (open.ended.size < 4) throw new Error(`after ${leaving}, only ${[...open.ended.keys()]} of ${name} ended`)
      work.ended++
    } finally {
      open.close()
    }
  } finally {
    person.leave()
  }
}

async function leave({ gate }: Guarded, person: Person, name: string, leaving: Leaving): Promise<void> {
  if (leaving === 'command line') {
    const { code, stderr } = await gate.run('session', 'revoke', '--user', name)
    if (code !== 0) throw new Error(`session revoke ended with ${code}: ${stderr}`)
    return
  }
  const account = await person.open(`${gate.portal}/.factorgate/account`)
  const done = await person.submit(account, {}, leaving === 'sign out' ? /\/logout$/ : /\/sessions\/[^/]+\/end$/)
  if (done.status >= 400) throw new Error(`${leaving} of ${name} was answered ${done.status}`)
}

/** A stranger from an address of their own tries a password; the answer is no. */
async function guess({ gate, host }: Guarded, work: Work): Promise<void> {
  const n = work.guesses++
  const stranger = new Person(gate.port, `127.3.${(n >> 8) & 255}.${n & 255}`)
  try {
    const login = await stranger.open(`http://${host}/data`)
    const { status } = await stranger.submit(login, { username: `visitor${n % coming}`, password: `guess number ${n}` })
    if (status !== 401 && status !== 429) throw new Error(`a wrong password was answered ${status}`)
  } catch (error) {
    noteFailure(work, error)
  }
}

function noteFailure(work: Work, error: unknown): void {
  const text = error instanceof Error ? error.message : String(error)
  work.failures.push(`${new Date().toISOString()} ${text.replace(/<style>.*<\/style>/s, '').slice(0, 600)}`)
}

function sampleOf({ gate, store }: Guarded, minute: number): Sample {
  return {
    minute,
    memory: memory(gate.pid)?.now ?? 0,
    hashing: (memoryOfAll(gate.pid) ?? 0) - (memory(gate.pid)?.now ?? 0),
    descriptors: readdirSync(`/proc/${gate.pid}/fd`).length,
    store: store.startsWith('redis:') ? redisBytes(store) : sizeOf(path.join(gate.folder, 'store')),
    journal: sizeOf(path.join(gate.folder, 'journal.jsonl'))
  }
}

/** What a Redis holds for its data. */
function redisBytes(url: string): number {
  const info = execFileSync('redis-cli', ['-u', url, 'info', 'memory'], { encoding: 'utf8' })
  return Number(/used_memory_dataset:(\d+)/.exec(info)?.[1])
}

/** Bytes that a file or folder takes on the disk; a file with holes counts what it holds. */
function sizeOf(file: string): number {
  const stats = statSync(file, { throwIfNoEntry: false })
  if (stats === undefined) return 0
  if (!stats.isDirectory()) return stats.blocks * 512
  return readdirSync(file).reduce((sum, name) => sum + sizeOf(path.join(file, name)), 0)
}
