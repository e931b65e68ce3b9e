/** `factorgate status`: what runs here, and who is signed in, by the admin listener and the store. */

import { X509Certificate } from 'node:crypto'
import { pemText } from '../../config/reading/text-sources.ts'
import type { Config } from '../../config/schema.ts'
import { headFileOf, readHead } from '../audit/chain-head.ts'
import { exportedLines } from '../audit/export-cursor.ts'
import type { Account } from '../identity/account.ts'
import { isByWatch } from '../identity/suspension.ts'
import { deliveryRecord } from '../notify/delivery.ts'
import { readDial } from '../posture/dial-record.ts'
import { type Setting, splitAt } from '../posture/posture.ts'
import type { GateStatus } from '../server/status.ts'
import { sessionRecord } from '../session/records.ts'
import { RecordTooNew, type Store } from '../store/store.ts'
import { fullLists } from './check/full-lists.ts'
import { issuedNames, issuedSentence, type NameReport } from './check/issued.ts'
import { type Command, type Io, jsonText, readArgs } from './command.ts'
import { configFor, configHelp, configOption, withStore } from './command-context.ts'
import { askAdmin, gateState } from './doctor/gate.ts'
import { CannotChangeUser } from './owner.ts'
import { isPortTaken } from './probes/ports.ts'
import { counted, moment, pairs } from './table.ts'
import { accountsAt } from './user/person.ts'
import { changesAt } from './watch/app.ts'

export const command: Command = {
  name: 'status',
  summary: 'Show what runs here, who is signed in, and what needs attention.',
  usage: ['factorgate status [--config FILE] [--json]'],
  help: `
  --json           the same as JSON, for programs
${configHelp}

Asks the gate on this machine through its admin listener, and the store. 'factorgate doctor' finds what is wrong with an installation. Exit code 0: a gate runs and is ready; 1: no gate runs, or it is not ready.

Example:
  factorgate status
`,
  async run(args, io) {
    const { values } = readArgs(args, { ...configOption, json: { type: 'boolean' } })
    const config = await configFor(io, values.config)
    const gate = await gateAt(config)
    const { people, failing, issued, postures, full, suspended, newInApps } = await stored(io, values.config)
    const certificateEnds = certificateEnd(config, issued)
    const found = {
      gate: gate.kind,
      why: gate.why,
      warnings: gate.warnings,
      running: gate.status,
      portal: config.portal.url.origin,
      store: config.store.kind,
      postures,
      people,
      suspended,
      newInApps,
      exports: await exportsOf(config),
      failingMessages: failing,
      fullLists: full,
      certificateEnds: certificateEnds === null ? null : new Date(certificateEnds).toISOString(),
      certificates: issued.map(one => ({ host: one.name, state: issuedSentence(one, io.clock(), moment) }))
    }
    io.stdout(values.json ? jsonText(asDates(found)) : page(found, certificateEnds, io))
    return gate.kind === 'ready' ? 0 : 1
  }
}

interface Gate {
  readonly kind: 'ready' | 'unready' | 'none' | 'unknown'
  /** A sentence; null if it is ready. */
  readonly why: string | null
  /** What the gate says while it serves. */
  readonly warnings: readonly string[]
  readonly status: GateStatus | null
}

async function gateAt(config: Config): Promise<Gate> {
  const { listen, admin } = config
  const state = await gateState(config)
  if (admin === false || state.kind === 'off' || state.kind === 'none' || state.kind === 'foreign') {
    const isTaken = await isPortTaken(listen.host, listen.port)
    if (!isTaken)
      return {
        kind: 'none',
        why: `No gate runs here: nothing listens on port ${listen.port}. Start it with 'systemctl start factorgate' or 'factorgate serve'.`,
        warnings: [],
        status: null
      }
    const what = `A program listens on port ${listen.port}, but it cannot be asked what it is, because`
    const because = admin === false ? 'admin is false.' : await silence(admin)
    return { kind: 'unknown', why: `${what} ${because}`, warnings: [], status: null }
  }
  const answer = await askAdmin(admin, '/status')
  const status = answer?.status === 200 ? (JSON.parse(answer.text) as GateStatus) : null
  return {
    kind: state.kind,
    why: state.kind === 'unready' ? state.why : null,
    warnings: state.kind === 'ready' ? state.warnings : [],
    status
  }
}

async function silence({ host, port }: Exclude<Config['admin'], false>): Promise<string> {
  if (!(await isPortTaken(host, port))) return `nothing listens on port ${port} (admin).`
  return `what listens on port ${port} (admin) does not answer as a gate does. If it is the gate, it stands still: restart it with 'systemctl restart factorgate'.`
}

/** Lines that each configured export has not confirmed, by its cursor and the head file. */
async function exportsOf({ journal }: Config): Promise<{ id: string; behind: number }[]> {
  if (journal.export.length === 0) return []
  const [sent, head] = await Promise.all([exportedLines(journal.file), readHead(headFileOf(journal.file))])
  return journal.export.map(({ id }) => ({ id, behind: Math.max(0, (head?.seq ?? 0) - (sent.get(id) ?? 0)) }))
}

interface Stored {
  readonly people: { readonly people: number; readonly sessions: number } | null
  /** Messages that still wait a minute after their first try. */
  readonly failing: number | null
  /** Certificates that the gate gets itself. */
  readonly issued: readonly NameReport[]
  readonly postures: readonly PostureSet[] | null
  /** A sentence for each full list of findings. */
  readonly full: readonly string[]
  readonly suspended: Suspended | null
  /** Null if the store does not answer. */
  readonly newInApps: readonly { readonly app: string; readonly count: number }[] | null
}

interface Suspended {
  readonly people: number
  /** The names of those whom the watch has suspended. */
  readonly byWatch: readonly string[]
}

const namesShown = 5

interface PostureSet extends Setting {
  /** Null for all apps. */
  readonly app: string | null
}

/** The posture of all apps comes first. Null if the record is damaged, or from a newer release. */
async function posturesIn(store: Store, now: number): Promise<PostureSet[] | null> {
  const found = await readDial(store).catch(error => {
    if (error instanceof RecordTooNew) return null
    throw error
  })
  if (found === null) return null
  const { all, apps } = splitAt(found, now).dial
  const single = Object.keys(apps)
    .sort()
    .map(app => ({ app, ...(apps[app] as Setting) }))
  return all === null ? single : [{ app: null, ...all }, ...single]
}

/** Nulls if the store cannot be read. */
async function stored(io: Io, file: string | undefined): Promise<Stored> {
  const ids = new Set<string>()
  let sessions = 0
  let failing = 0
  let issued: NameReport[] = []
  let postures: PostureSet[] | null = null
  let full: string[] = []
  let suspended: Suspended | null = null
  let newInApps: Stored['newInApps'] = null
  try {
    await withStore(io, { config: file, changes: 'nothing' }, async place => {
      const { store, config } = place
      issued = await issuedNames(config, store)
      postures = await posturesIn(store, io.clock())
      full = (await fullLists(config, store, io.clock)).map(({ message }) => message)
      suspended = suspendedAmong(await accountsAt(place).list())
      const watched = config.apps.filter(({ integrity }) => integrity !== null)
      const states = await changesAt(place).read(watched.map(({ id }) => id))
      newInApps = states
        .filter(({ findings }) => findings.length > 0)
        .map(({ app, findings }) => ({ app, count: findings.length }))
      for await (const { key, value } of store.scan(sessionRecord.prefix)) {
        const session = sessionRecord.parse(value, key)
        if (session === null) continue
        ids.add(session.accountId)
        sessions++
      }
      for await (const { key, value } of store.scan(deliveryRecord.prefix)) {
        const batch = deliveryRecord.parse(value, key)?.batch
        // A server that is down does not count as a try.
        if (batch && batch.firstTryAt < io.clock() - 60_000) failing += batch.notices.length
      }
      return 0
    })
    return { people: { people: ids.size, sessions }, failing, issued, postures, full, suspended, newInApps }
  } catch (error) {
    if (error instanceof CannotChangeUser) throw error
    io.stderr(
      `note: the store does not say who is signed in or suspended, and which posture is set: ${(error as Error).message}\n`
    )
    return { people: null, failing: null, issued, postures, full, suspended: null, newInApps: null }
  }
}

function suspendedAmong(accounts: readonly Account[]): Suspended {
  const found = accounts.filter(({ suspended }) => suspended !== null)
  const byWatch = found.filter(({ suspended }) => suspended !== null && isByWatch(suspended))
  return { people: found.length, byWatch: byWatch.map(({ name }) => name).sort() }
}

/** The end of the certificate in a file, or the first end of those that the gate gets itself. */
function certificateEnd({ listen }: Config, issued: readonly NameReport[]): number | null {
  const file = listen.tls?.cert ?? null
  if (file !== null) return Date.parse(new X509Certificate(pemText(file)).validTo)
  const ends = issued.flatMap(({ state }) => state?.ends ?? [])
  return ends.length === 0 ? null : Math.min(...ends)
}

interface Found {
  readonly gate: Gate['kind']
  readonly why: string | null
  readonly warnings: readonly string[]
  readonly running: GateStatus | null
  readonly portal: string
  readonly store: string
  readonly postures: Stored['postures']
  readonly people: Stored['people']
  readonly suspended: Stored['suspended']
  readonly newInApps: Stored['newInApps']
  readonly exports: readonly { readonly id: string; readonly behind: number }[]
  readonly failingMessages: number | null
  readonly fullLists: readonly string[]
  readonly certificates: readonly { readonly host: string; readonly state: string }[]
}

type Rows = (readonly [string, string])[]

function page(found: Found, ends: number | null, io: Io): string {
  const rows = [
    ...gateRows(found),
    ...placeRows(found),
    ...postureRows(found),
    ...recordRows(found),
    ...peopleRows(found),
    ...certificateRows(found, ends, io)
  ]
  return pairs(rows, io.columns)
}

const gateWords = {
  ready: 'runs and is ready',
  unready: 'runs, but is not ready',
  none: 'does not run',
  unknown: 'unknown'
}

function gateRows({ gate, why, warnings, running }: Found): Rows {
  const rows: Rows = [['gate', gateWords[gate]]]
  if (why !== null) rows.push(['why', why])
  for (const warning of warnings) rows.push(['warning', warning])
  if (running === null) return rows
  const { version, process, workers, startedAt, loadedAt, refused, waiting } = running
  rows.push(
    ['version', version],
    ['process', `${process}, ${workers === 1 ? '1 worker' : `${workers} workers`}`],
    ['since', moment(startedAt)],
    ['configuration', `${running.file ?? 'none'}, loaded ${moment(loadedAt)}`]
  )
  if (refused !== null)
    rows.push(['refused', `a newer file, ${moment(refused.at)}: ${refused.problems[0] ?? ''}; run factorgate check`])
  if (waiting.length > 0) rows.push(['restart needed', `for ${waiting.join(', ')}`])
  return rows
}

function placeRows({ portal, store, running }: Found): Rows {
  return [
    ['portal', portal],
    ['store', running === null ? store : `${store}, ${running.isStoreUp ? 'answers' : 'does not answer'}`]
  ]
}

function postureRows({ postures, people }: Found): Rows {
  if (postures === null) return people === null ? [] : [['posture', 'not known; run factorgate posture show']]
  if (postures.length === 0) return [['posture', 'normal']]
  return postures.map(set => ['posture', postureSentence(set)])
}

/** Rows about journal, exports, messages, and full lists. */
function recordRows({ running, exports, failingMessages, fullLists }: Found): Rows {
  const rows: Rows = []
  if (running !== null) rows.push(['journal', running.isJournalWritable ? 'can be written' : 'cannot be written'])
  for (const { id, behind } of exports)
    rows.push([
      `export ${id}`,
      behind === 0 ? 'has everything' : `${behind.toLocaleString('en')} lines not confirmed yet`
    ])
  if (failingMessages !== null && failingMessages > 0)
    rows.push([
      'messages',
      `${failingMessages.toLocaleString('en')} wait after a failed try; run factorgate notify test`
    ])
  for (const sentence of fullLists) rows.push(['findings', sentence])
  return rows
}

function peopleRows({ people, suspended, newInApps, running }: Found): Rows {
  const rows: Rows = []
  if (people !== null)
    rows.push([
      'signed in',
      `${people.people} ${people.people === 1 ? 'person' : 'people'}, ${people.sessions} ${people.sessions === 1 ? 'session' : 'sessions'}`
    ])
  if (suspended !== null && suspended.people > 0) rows.push(['suspended', suspendedSentence(suspended)])
  for (const { app, count } of newInApps ?? [])
    rows.push(['new in apps', `${app}: ${counted(count, 'finding')}; run factorgate watch app ${app}`])
  if (running !== null)
    rows.push([
      'connections',
      `${counted(running.openConnections, 'socket, download or upload', 'sockets, downloads and uploads')} under way`
    ])
  return rows
}

function certificateRows({ certificates }: Found, ends: number | null, io: Io): Rows {
  if (certificates.length > 0) return certificates.map(({ host, state }) => [`certificate ${host}`, state])
  return ends === null ? [] : [['certificate', `${ends < io.clock() ? 'ended' : 'until'} ${moment(ends)}`]]
}

function suspendedSentence({ people, byWatch }: Suspended): string {
  const shown = byWatch.slice(0, namesShown).join(', ')
  const more = byWatch.length > namesShown ? ` and ${byWatch.length - namesShown} more` : ''
  const watch = byWatch.length === 0 ? 'none by the watch' : `by the watch: ${shown}${more}`
  return `${counted(people, 'person', 'people')}, ${watch}; factorgate user show NAME says why`
}

function postureSentence({ level, app, until, by, why }: PostureSet): string {
  const end = until === null ? 'without an end' : `until ${moment(until)}`
  return `${level} for ${app ?? 'all apps'} ${end}, by ${by}: ${why}`
}

function asDates(all: Found) {
  const iso = (at: number) => new Date(at).toISOString()
  const postures =
    all.postures?.map(set => ({ ...set, at: iso(set.at), until: set.until === null ? null : iso(set.until) })) ?? null
  const found = { ...all, postures }
  const { running } = found
  if (running === null) return found
  const { startedAt, loadedAt, refused } = running
  return {
    ...found,
    running: {
      ...running,
      startedAt: iso(startedAt),
      loadedAt: iso(loadedAt),
      refused: refused === null ? null : { ...refused, at: iso(refused.at) }
    }
  }
}
