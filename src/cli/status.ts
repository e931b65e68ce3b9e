/** `factorgate status`: what runs here, and who is signed in. It asks the admin listener and the store. */
import { X509Certificate } from 'node:crypto'
import { pemText } from '../../config/reading/text-sources.ts'
import type { Config } from '../../config/schema.ts'
import type { GateStatus } from '../server/status.ts'
import { sessionRecord } from '../session/records.ts'
import { isPortTaken } from './check/live.ts'
import { type Command, type Io, jsonText, readArgs } from './command.ts'
import { configFor, configHelp, configOption, withStore } from './command-context.ts'
import { askAdmin, gateState } from './doctor/gate.ts'
import { moment, pairs } from './table.ts'

export const command: Command = {
  name: 'status',
  summary: 'Show what runs here, who is signed in, and what needs attention.',
  usage: ['factorgate status [--config FILE] [--json]'],
  help: `
  --json           the same as JSON, for programs
${configHelp}

Asks the gate on this machine through its admin listener, and the store. What is wrong with an installation is found by 'factorgate
doctor'. Exit code 0: a gate runs and is ready; 1: no gate runs, or it is not ready.

Example:
  factorgate status
`,
  async run(args, io) {
    const { values } = readArgs(args, { ...configOption, json: { type: 'boolean' } })
    const config = await configFor(io, values.config)
    const gate = await gateAt(config)
    const people = await signedIn(io, values.config)
    const certificateEnds = certificateEnd(config)
    const found = {
      gate: gate.kind,
      why: gate.why,
      running: gate.status,
      portal: config.portal.url.origin,
      store: config.store.kind,
      people,
      certificateEnds: certificateEnds === null ? null : new Date(certificateEnds).toISOString()
    }
    io.stdout(values.json ? jsonText(asDates(found)) : page(found, certificateEnds, io))
    return gate.kind === 'ready' ? 0 : 1
  }
}

interface Gate {
  readonly kind: 'ready' | 'unready' | 'none' | 'unknown'
  /** A sentence, where it is not ready. */
  readonly why: string | null
  readonly status: GateStatus | null
}

async function gateAt(config: Config): Promise<Gate> {
  const { listen, admin } = config
  const state = await gateState(config)
  if (admin === false || state.kind === 'off' || state.kind === 'none' || state.kind === 'foreign') {
    const isTaken = await isPortTaken(listen.host, listen.port)
    if (!isTaken) return { kind: 'none', why: 'No gate runs here: nothing listens on its port.', status: null }
    const what = `A program listens on port ${listen.port}, but it cannot be asked what it is, because`
    const because = admin === false ? 'admin is false.' : `no gate answers on port ${admin.port} (admin).`
    return { kind: 'unknown', why: `${what} ${because}`, status: null }
  }
  const answer = await askAdmin(admin, '/status')
  const status = answer?.status === 200 ? (JSON.parse(answer.text) as GateStatus) : null
  return { kind: state.kind, why: state.kind === 'unready' ? state.why : null, status }
}

/** Null where the store cannot be read. */
async function signedIn(io: Io, file: string | undefined): Promise<{ people: number; sessions: number } | null> {
  const ids = new Set<string>()
  let sessions = 0
  try {
    await withStore(io, { config: file, changes: 'nothing' }, async ({ store }) => {
      for await (const { key, value } of store.scan(sessionRecord.prefix)) {
        const session = sessionRecord.parse(value, key)
        if (session === null) continue
        ids.add(session.accountId)
        sessions++
      }
      return 0
    })
    return { people: ids.size, sessions }
  } catch (error) {
    io.stderr(`note: who is signed in is not known: ${(error as Error).message}\n`)
    return null
  }
}

function certificateEnd({ listen }: Config): number | null {
  return listen.tls === null ? null : Date.parse(new X509Certificate(pemText(listen.tls.cert)).validTo)
}

interface Found {
  readonly gate: Gate['kind']
  readonly why: string | null
  readonly running: GateStatus | null
  readonly portal: string
  readonly store: string
  readonly people: { readonly people: number; readonly sessions: number } | null
}

function page({ gate, why, running, portal, store, people }: Found, ends: number | null, io: Io): string {
  const words = {
    ready: 'runs and is ready',
    unready: 'runs, but is not ready',
    none: 'does not run',
    unknown: 'unknown'
  }
  const rows: (readonly [string, string])[] = [['gate', words[gate]]]
  if (why !== null) rows.push(['why', why])
  if (running !== null) {
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
  }
  rows.push(
    ['portal', portal],
    ['store', running === null ? store : `${store}, ${running.isStoreUp ? 'answers' : 'does not answer'}`]
  )
  if (running !== null) rows.push(['journal', running.isJournalWritable ? 'can be written' : 'cannot be written'])
  if (people !== null) rows.push(['signed in', `${people.people} people, ${people.sessions} sessions`])
  if (running !== null)
    rows.push(['connections', `${running.openConnections} sockets, downloads and uploads under way`])
  if (ends !== null) rows.push(['certificate', `${ends < io.clock() ? 'ended' : 'until'} ${moment(ends)}`])
  return pairs(rows, io.columns)
}

function asDates(found: Found) {
  const { running } = found
  if (running === null) return found
  const iso = (at: number) => new Date(at).toISOString()
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
