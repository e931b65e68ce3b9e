/** The limit on journal lines that anonymous clients cause. Further events are only counted, otherwise a flood would fill the disk. */
import type { Clock } from '../clock.ts'
import { networkLevels } from '../request/network-levels.ts'
import type { AuditEvent, AuditSink } from './event.ts'

export const windowMs = 60_000
interface Share {
  readonly network: number
  readonly provider: number
  readonly all: number
}
/** Lines a minute. `public`: requests on public paths, where a page fetches many files. */
export const shares: Readonly<Record<'refused' | 'public', Share>> = {
  refused: { network: 60, provider: 240, all: 600 },
  public: { network: 300, provider: 1200, all: 3000 }
}
/** Keys beyond these share one count. */
const networksKept = 2000
const accountsKept = 2000
const networksTold = 50
const accountsTold = 50

interface Tally {
  count: number
  readonly outcomes: Map<string, number>
  readonly networks: Set<string>
  readonly name: string | undefined
}

class Minute {
  readonly since: number
  readonly written = new Map<string, number>()
  readonly networks = new Map<string, Tally>()
  readonly accounts = new Map<string, Tally>()

  constructor(since: number) {
    this.since = since
  }
}

export class Strangers {
  readonly #sink: AuditSink
  readonly #clock: Clock
  #minute: Minute

  constructor(sink: AuditSink, clock: Clock) {
    this.#sink = sink
    this.#clock = clock
    this.#minute = new Minute(clock())
  }

  record(event: AuditEvent): void {
    this.flush()
    const { network, provider } = placesOf(event.address)
    const share = event.decision === 'forward' ? 'public' : 'refused'
    if (this.#mayWrite(share, network, provider)) {
      this.#sink.record(event)
      return
    }
    const { networks, accounts } = this.#minute
    add(networks, networksKept, network, event)
    if (event.account !== undefined && event.kind !== 'exchange')
      add(accounts, accountsKept, event.account, event).networks.add(network)
  }

  sink(): AuditSink {
    const sink = this.#sink
    return {
      get writable() {
        return sink.writable
      },
      record: event => (isRefusal(event) ? this.record(event) : sink.record(event)),
      commit: event => sink.commit(event)
    }
  }

  /** Writes the counts of a finished minute, or of any if `isEnd`. Call it every few seconds. */
  flush(isEnd = false): void {
    const now = this.#clock()
    const minute = this.#minute
    // A clock that was set back ends a minute too, otherwise it would last as long as the step.
    if (!isEnd && now - minute.since < windowMs && now >= minute.since) return
    this.#minute = new Minute(now)
    this.#tell('exchange.repeated', minute, minute.networks, networksTold, network =>
      network === others ? {} : { address: network }
    )
    this.#tell('login.repeated', minute, minute.accounts, accountsTold, (account, { name, networks }) =>
      account === others ? {} : { account, name, networks: networks.size }
    )
  }

  #mayWrite(kind: keyof typeof shares, network: string, provider: string): boolean {
    const { written } = this.#minute
    const share = shares[kind]
    const rows: [string, number][] = [
      [`${kind} all`, share.all],
      [`${kind} provider ${provider}`, share.provider],
      [`${kind} network ${network}`, share.network]
    ]
    if (rows.some(([key, most]) => (written.get(key) ?? 0) >= most)) return false
    for (const [key] of rows) written.set(key, (written.get(key) ?? 0) + 1)
    return true
  }

  #tell(
    kind: AuditEvent['kind'],
    { since }: Minute,
    tallies: ReadonlyMap<string, Tally>,
    told: number,
    who: (key: string, tally: Tally) => Partial<AuditEvent>
  ): void {
    const sorted = [...tallies].sort(
      (a, b) => Number(a[0] === others) - Number(b[0] === others) || b[1].count - a[1].count
    )
    const rest = newTally(undefined)
    for (const [i, [key, tally]] of sorted.entries())
      if (i < told && key !== others) this.#line(kind, since, tally, who(key, tally))
      else {
        rest.count += tally.count
        for (const [outcome, count] of tally.outcomes)
          rest.outcomes.set(outcome, (rest.outcomes.get(outcome) ?? 0) + count)
      }
    if (rest.count > 0) this.#line(kind, since, rest, {})
  }

  #line(kind: AuditEvent['kind'], since: number, { count, outcomes }: Tally, who: Partial<AuditEvent>): void {
    this.#sink.record({
      kind,
      at: this.#clock(),
      ...who,
      since: new Date(since).toISOString(),
      count,
      outcomes: [...outcomes].map(([outcome, number]) => `${outcome}:${number}`).join(' ')
    })
  }
}

const others = 'others'

/** Also a wrong proof after a right password. */
function isRefusal({ outcome }: AuditEvent): boolean {
  return outcome === 'refused' || outcome === 'throttled' || outcome === 'busy' || outcome === 'expired'
}

/** A report-only app answers strangers too. Its count tells what the rules would have done. */
function wouldOf({ would, app }: AuditEvent): string | null {
  return typeof would === 'string' && app !== undefined ? `would_${would}/${app}` : null
}

function placesOf(address: string | undefined): { network: string; provider: string } {
  if (address === undefined) return { network: others, provider: others }
  const { site, provider } = networkLevels(address)
  return { network: site, provider }
}

function newTally(name: string | undefined): Tally {
  return { count: 0, outcomes: new Map(), networks: new Set(), name }
}

function add(tallies: Map<string, Tally>, kept: number, asked: string, event: AuditEvent): Tally {
  const key = tallies.has(asked) || tallies.size < kept ? asked : others
  const tally = tallies.get(key) ?? newTally(event.name)
  tallies.set(key, tally)
  const said = event.outcome ?? String(event.status ?? 'unknown')
  const outcome = event.kind === 'exchange' ? (wouldOf(event) ?? said) : `${event.kind}_${said}`
  tally.count++
  tally.outcomes.set(outcome, (tally.outcomes.get(outcome) ?? 0) + 1)
  return tally
}
