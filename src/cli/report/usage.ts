/** Counts from the journal who uses which app, and whom the rules of report-only apps would stop. */
import { type Entry, entryOf, linesIn } from '../journal/files.ts'

/** Distinct addresses for each app and reason. */
const maxAddresses = 100_000

interface Use {
  requests: number
  /** Milliseconds since the epoch. */
  lastAt: number
}

/** What the rules would have done with the requests of one person or of all strangers. */
interface WouldStop extends Use {
  readonly app: string
  readonly would: string
  /** Null for a mere count, since a flood is not recorded line by line. */
  readonly reason: string | null
  /** Null for strangers. */
  readonly account: string | null
  name: string | null
  readonly addresses: Set<string>
}

export interface Usage {
  /** By account id, then by app. */
  readonly people: Map<string, Map<string, Use>>
  /** Names as the journal knows them, by account id. */
  readonly names: Map<string, string>
  readonly wouldStop: WouldStop[]
  readonly unread: number
  /** The time of the oldest request, in milliseconds since the epoch; Infinity for none. */
  readonly since: number
}

export interface Window {
  /** Milliseconds since the epoch. */
  readonly from: number
  readonly to: number
  readonly app?: string | undefined
}

/** Reads the oldest file first. Rejects on a read error. */
export async function usageIn(files: readonly string[], window: Window): Promise<Usage> {
  const people: Usage['people'] = new Map()
  const names: Usage['names'] = new Map()
  const wouldStop = new Map<string, WouldStop>()
  let unread = 0
  let since = Number.POSITIVE_INFINITY
  for (const file of files)
    for await (const line of linesIn(file)) {
      // Most lines are of another kind, and parsing takes time.
      if (!/"kind":"(?:exchange|socket\.open)/.test(line)) continue
      const entry = entryOf(line)
      if (entry === null) unread++
      else {
        const at = Date.parse(entry.at)
        if (at < since) since = at
        count(entry, window, { people, names, wouldStop })
      }
    }
  return { people, names, wouldStop: [...wouldStop.values()], unread, since }
}

type Counts = Pick<Usage, 'people' | 'names'> & { readonly wouldStop: Map<string, WouldStop> }

function count(entry: Entry, { from, to, app: only }: Window, counts: Counts): void {
  const at = Date.parse(entry.at)
  if (!(at >= from && at <= to)) return
  if (entry.kind === 'exchange.repeated') return countFlood(entry, at, only, counts)
  const { app, account, name, would, reason, address } = entry
  if (typeof app !== 'string' || (only !== undefined && app !== only)) return
  const person = typeof account === 'string' ? account : null
  if (person !== null && typeof name === 'string') counts.names.set(person, name)
  // The app never sees a request that gets a decoy's file.
  if (person !== null && entry.decision === 'forward' && entry.served !== 'decoy') {
    const apps = counts.people.get(person) ?? new Map<string, Use>()
    counts.people.set(person, apps)
    apps.set(app, add(apps.get(app) ?? { requests: 0, lastAt: 0 }, at, 1))
  }
  if (typeof would !== 'string') return
  const why = typeof reason === 'string' ? reason : null
  const row = rowOf(counts, { app, would, reason: why, account: person })
  if (typeof name === 'string') row.name = name
  addAddress(row, address)
  add(row, at, 1)
}

/** Counts a network's events beyond the limit: `would_challenge/notebooks:12 200:3`. */
function countFlood(entry: Entry, at: number, only: string | undefined, counts: Counts): void {
  for (const outcome of String(entry.outcomes ?? '').split(' ')) {
    const [, would, app, number] = /^would_([a-z]+)\/([^:]+):(\d+)$/.exec(outcome) ?? []
    if (would === undefined || app === undefined || (only !== undefined && app !== only)) continue
    const row = rowOf(counts, { app, would, reason: null, account: null })
    addAddress(row, entry.address)
    add(row, at, Number(number))
  }
}

function rowOf({ wouldStop }: Counts, row: Pick<WouldStop, 'app' | 'would' | 'reason' | 'account'>): WouldStop {
  const key = JSON.stringify([row.app, row.would, row.reason, row.account])
  const found = wouldStop.get(key) ?? { ...row, name: null, requests: 0, lastAt: 0, addresses: new Set<string>() }
  wouldStop.set(key, found)
  return found
}

function addAddress({ addresses }: WouldStop, address: unknown): void {
  if (typeof address === 'string' && addresses.size < maxAddresses) addresses.add(address)
}

function add<T extends Use>(use: T, at: number, requests: number): T {
  use.requests += requests
  use.lastAt = Math.max(use.lastAt, at)
  return use
}
