/** The gates of the bench: built, in front of an app, one or several on a store, with people signed in. */
import { Person } from '../fixtures/in-process/person.ts'
import { type Ender, type Gate, startGate } from '../fixtures/process/gate.ts'
import { People, type SignedIn } from './people.ts'

export interface Guarded {
  readonly gate: Gate
  /** Of the store, for people.ts. */
  readonly store: string
  /** The app's, in `Host` and for tokens. */
  readonly host: string
  readonly origin: string
  /** The first person's. wrk knows its own header only as `Host`; any other spelling would be sent beside it, and two are refused. */
  readonly headers: Readonly<Record<'Host' | 'Cookie', string>>
  readonly people: readonly SignedIn[]
}

export interface GuardedOptions {
  readonly upstream: string | readonly string[]
  /** Of a Redis; the embedded store otherwise. */
  readonly redis?: string
  readonly people?: number
  /** Instead of the one app `app` on http://app.localhost; the first is the one whose host people are signed in on. */
  readonly apps?: readonly Readonly<Record<string, unknown>>[]
  readonly config?: Readonly<Record<string, unknown>>
  readonly env?: NodeJS.ProcessEnv
  /** Serve https, with a certificate in the gate's folder. Default: plain http. */
  readonly tls?: boolean
}

/** A gate in front of `upstream`, with people who are signed in. Throws unless it lets them in, and nobody else. */
export async function guarded(end: Ender, options: GuardedOptions): Promise<Guarded> {
  const { upstream, redis } = options
  const { tls = false } = options
  const scheme = tls ? 'https' : 'http'
  const gate = await startGate(end, {
    tls,
    apps: options.apps ?? [{ id: 'app', title: 'App', url: `${scheme}://app.localhost:HOST`, upstream }],
    config: { ...(redis === undefined ? {} : { store: redis }), ...options.config },
    ...(options.env === undefined ? {} : { env: options.env })
  })
  const store = redis ?? `embedded:${gate.folder}/store`
  const host = `app.localhost:${gate.port}`
  const people = await People.at(store, async at => {
    const all = await at.signedIn(options.people ?? 1, host)
    return tls ? all.map(each => ({ ...each, cookie: `__Host-${each.cookie}` })) : all
  })
  await letsIn(gate, `${scheme}://${host}`, people[0]!.cookie)
  return {
    gate,
    store,
    host,
    origin: `${scheme}://127.0.0.1:${gate.port}`,
    headers: { Host: host, Cookie: people[0]!.cookie },
    people
  }
}

/** Gates on the store of the first, with its addresses and key, as behind a load balancer. */
export async function joined(end: Ender, first: Guarded, upstream: string, count: number): Promise<Gate[]> {
  const { gate, host, store } = first
  const gates: Gate[] = []
  for (let i = 0; i < count; i++) {
    const other = await startGate(end, {
      apps: [{ id: 'app', title: 'App', url: `http://${host}`, upstream }],
      config: { store, portal: { url: gate.portal, title: 'Test Lab' }, keyFile: `${gate.folder}/factorgate.key` }
    })
    await letsIn(other, `http://${host}`, first.people[0]!.cookie)
    gates.push(other)
  }
  return gates
}

async function letsIn(gate: Gate, origin: string, cookie: string): Promise<void> {
  const visitor = new Person(gate.port)
  const inside = await visitor.request('GET', `${origin}/data`, { headers: { cookie } })
  const outside = await visitor.request('GET', `${origin}/data`)
  if (inside.status !== 200) throw new Error(`signed in, but ${inside.status}: ${inside.body.slice(0, 200)}`)
  if (outside.status !== 302) throw new Error(`a stranger was answered ${outside.status}`)
}

/** The same error, with what the gate's journal says happened: the load generator only counts. */
export async function explained(gate: Gate, error: unknown): Promise<Error> {
  const tally: Record<string, number> = {}
  for (const { kind, status, outcome } of await gate.journal()) {
    const key = `${kind} ${status ?? ''} ${outcome ?? ''}`.trim()
    tally[key] = (tally[key] ?? 0) + 1
  }
  const life = gate.isRunning ? 'it runs' : 'it has ended'
  return new Error(`${error}; ${life}\n${JSON.stringify(tally, null, 1)}\n${gate.output.slice(-2000)}`)
}
