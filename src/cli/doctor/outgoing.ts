/** Probes the servers that the gate sends to: mail, webhooks, exports of the journal and traces. It sends no message. */
import net from 'node:net'
import type { Config } from '../../../config/schema.ts'
import { connectTo } from '../../export/connect.ts'
import { ExportFailure, reasonOf, type TlsFiles } from '../../export/destination.ts'
import { readOne, readTlsFiles } from '../../export/tls-files.ts'
import { tryMailServer } from '../../notify/mail.ts'
import { mailServerOf } from '../../services/notifying.ts'
import type { DoctorFinding } from './finding.ts'

const timeoutMs = 5000
/** How long after the connection a server may refuse it, in milliseconds. */
const momentMs = 500

interface Target {
  readonly path: string
  /** What stands before `at HOST:PORT` in a sentence. */
  readonly what: string
  readonly host: string
  readonly port: number
  /** Null for TCP in the clear. */
  readonly tls: TlsFiles | null
  /** A file that each message needs. */
  readonly file?: string | null
}

type Outgoing = Pick<Config, 'notify' | 'journal' | 'traces'>

/** Connects as for a message, and signs in at the mail server. Never rejects. */
export async function probeOutgoing(config: Outgoing): Promise<readonly DoctorFinding[]> {
  const found = await Promise.all([mailFinding(config), ...targetsOf(config).map(targetFinding)])
  return found.filter(finding => finding !== null)
}

function targetsOf({ notify, journal, traces }: Outgoing): Target[] {
  const webhooks = (notify?.webhooks ?? []).map(({ url, ca }, n) => ({
    ...placeOf(url, { ca, cert: null, key: null }),
    path: `notify.webhooks[${n}]`,
    what: 'the webhook'
  }))
  const exports = journal.export.flatMap(({ id, to, ca, cert, key, tokenFile }, n): Target[] => {
    const named = { path: `journal.export[${n}]`, what: `the export '${id}'` }
    const files = { ca, cert, key }
    if (to.kind === 'collector') return [{ ...placeOf(to.url, files), ...named, file: tokenFile }]
    // A datagram has no answer, and `check` looks at files.
    if (to.kind === 'file' || to.transport === 'udp') return []
    return [{ ...named, host: to.host, port: to.port, tls: to.transport === 'tls' ? files : null }]
  })
  const spans =
    traces == null
      ? []
      : [
          {
            ...placeOf(traces.endpoint.url, { ca: traces.ca, cert: null, key: null }),
            path: 'traces',
            what: 'the collector of traces',
            file: traces.headersFile
          }
        ]
  return [...webhooks, ...exports, ...spans]
}

function placeOf(address: string, files: TlsFiles): Pick<Target, 'host' | 'port' | 'tls'> {
  const { protocol, hostname, port } = new URL(address)
  const isSecure = protocol === 'https:'
  return {
    host: hostname.replace(/[[\]]/g, ''),
    port: Number(port || (isSecure ? 443 : 80)),
    tls: isSecure ? files : null
  }
}

async function targetFinding(target: Target): Promise<DoctorFinding | null> {
  const { path, what, host, port, file = null } = target
  const found = (wrong: string, mend: string): DoctorFinding => ({ degree: 'warning', path, wrong, mend })
  try {
    if (file !== null) await readOne(file)
    await reach(target)
    return null
  } catch (error) {
    if (error instanceof ExportFailure)
      return found(error.message, 'Correct the path, or let the user of the gate read the file.')
    return found(
      `${what} at ${net.isIPv6(host) ? `[${host}]` : host}:${port} cannot be reached: ${reasonOf(error)}`,
      target.tls === null
        ? 'Start that server, correct its address, or let this machine through the firewall in front of it.'
        : "Start that server, correct its address, or name the authority of its certificate as 'ca'."
    )
  }
}

/** With TLS 1.3 a server refuses a client certificate only after the handshake, so this waits for a moment. Rejects with Node's error or ExportFailure. */
async function reach({ host, port, tls }: Target): Promise<void> {
  const trust = tls === null ? null : await readTlsFiles(tls)
  const { socket, opened } = connectTo({ host, port, trust })
  await new Promise<void>((resolve, reject) => {
    let timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs / 1000} seconds`)), timeoutMs)
    socket.once(opened, () => {
      clearTimeout(timer)
      timer = setTimeout(resolve, momentMs)
    })
    socket.once('error', reject)
    socket.once('close', () => {
      clearTimeout(timer)
      reject(new Error('it ends the connection at once'))
    })
    socket.resume()
  }).finally(() => socket.destroy())
}

async function mailFinding({ notify }: Outgoing): Promise<DoctorFinding | null> {
  if (notify?.mail == null) return null
  const server = mailServerOf(notify.mail)
  const waits = {
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    wholeTimeout: 3 * timeoutMs
  }
  const outcome = await tryMailServer(server, waits)
  if (outcome.kind === 'sent') return null
  return {
    degree: 'warning',
    path: 'notify.mail',
    wrong: `the mail server ${server.host}:${server.port} takes no mail from the gate: ${outcome.why}`,
    mend: "Correct the server, the user or the password under 'notify.mail'. Until then mails wait in the store, for three days."
  }
}
