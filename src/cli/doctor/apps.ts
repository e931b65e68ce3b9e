/** Probes the apps: whether each upstream answers, over TLS as configured, and its clock. */
import { type RequestOptions, request } from 'node:http'
import { request as secureRequest } from 'node:https'
import { connect } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { AppConfig, Config } from '../../../config/schema.ts'
import type { Clock } from '../../clock.ts'
import { refuseUpgrade, switched } from '../../platform/refuse-upgrade.ts'
import { tlsOf } from '../../services/app-options.ts'
import { UpstreamError } from '../../upstream/connection.ts'
import { certificateTrouble, Trust } from '../../upstream/trust.ts'
import { probeHealth } from '../probes/health.ts'
import { speaksTls } from '../probes/speaks-tls.ts'
import type { ClockedFindings } from './clock.ts'
import type { DoctorFinding } from './finding.ts'

const timeoutMs = 3000

/** Asks every upstream, also by its app's health path. Never rejects. */
export async function probeApps(config: Pick<Config, 'apps' | 'portal'>, clock: Clock): Promise<ClockedFindings> {
  const [{ findings, clocks }, health] = await Promise.all([askApps(config, clock), probeHealth(config)])
  const isSilent = ({ path }: DoctorFinding) => findings.some(each => each.path === path && each.degree === 'problem')
  return { findings: [...findings, ...health.filter(found => !isSilent(found))], clocks }
}

/** Sends one GET without cookies to every upstream. Never rejects. */
async function askApps({ apps }: Pick<Config, 'apps'>, clock: Clock): Promise<ClockedFindings> {
  const asked = apps.flatMap((app, a) =>
    app.upstream.map(async (upstream, u) => {
      const path = `apps[${a}].upstream[${u}]`
      const where = whereOf(upstream)
      const before = clock()
      try {
        // The check of the health path asks the only question.
        if (app.health != null) {
          await tryConnect(upstream)
          return { findings: [], clocks: [] }
        }
        const { status, date } = await askHealth(app, upstream)
        // nginx, Apache and Go answer so on a port of TLS; Node and many others close the connection.
        if (status === 400 && (await wantsTls(upstream))) return { findings: [secure(path, upstream)], clocks: [] }
        const clocks = date === null ? [] : [{ of: `the app at ${where}`, at: date, ours: (before + clock()) / 2 }]
        return { findings: status >= 500 ? [unwell(path, app.id, where, status)] : [], clocks }
      } catch (error) {
        if (await wantsTls(upstream)) return { findings: [secure(path, upstream)], clocks: [] }
        return { findings: [silent(path, app, `apps[${a}].tls`, where, error as NodeJS.ErrnoException)], clocks: [] }
      }
    })
  )
  const answers = await Promise.all(asked)
  return { findings: answers.flatMap(one => one.findings), clocks: answers.flatMap(one => one.clocks) }
}

type Upstream = AppConfig['upstream'][number]

function whereOf({ origin, socketPath }: Upstream): string {
  if (socketPath !== null) return socketPath
  const url = new URL(origin)
  return `${url.hostname}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`
}

function askHealth(app: AppConfig, { origin, socketPath }: Upstream): Promise<{ status: number; date: number | null }> {
  const url = new URL(origin)
  const isSecure = url.protocol === 'https:'
  const hostname = url.hostname.replace(/[[\]]/g, '')
  const trust = isSecure ? new Trust(tlsOf(app), hostname) : null
  const options: RequestOptions = {
    ...(socketPath === null ? { hostname, port: url.port || (isSecure ? 443 : 80) } : { socketPath }),
    path: `${app.url.prefix.replace(/\/$/, '')}/`,
    headers: { host: app.url.host, 'user-agent': 'factorgate-doctor', connection: 'close' },
    agent: false,
    signal: AbortSignal.timeout(timeoutMs),
    ...trust?.options
  }
  return new Promise((resolve, reject) => {
    const sent = isSecure ? secureRequest(options) : request(options)
    sent.once('response', response => {
      const refusal = trust?.refusal(response.socket as TLSSocket) ?? null
      response.destroy()
      if (refusal !== null) return reject(refusal)
      const date = Date.parse(response.headers.date ?? '')
      resolve({ status: response.statusCode ?? 0, date: Number.isNaN(date) ? null : date })
    })
    refuseUpgrade(sent).on('error', reject)
    sent.end()
  })
}

/** Rejects with Node's error. */
function tryConnect({ origin, socketPath }: Upstream): Promise<void> {
  const url = new URL(origin)
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  const signal = AbortSignal.timeout(timeoutMs)
  return new Promise((resolve, reject) => {
    const socket = connect(
      socketPath === null ? { host: url.hostname.replace(/[[\]]/g, ''), port } : { path: socketPath }
    )
    const late = () => socket.destroy(signal.reason as Error)
    signal.addEventListener('abort', late)
    socket.once('connect', () => socket.destroy())
    socket.once('error', reject)
    socket.once('close', () => {
      signal.removeEventListener('abort', late)
      resolve()
    })
  })
}

/** True if the upstream begins with http, and a program that speaks TLS listens there. */
async function wantsTls({ origin, socketPath }: Upstream): Promise<boolean> {
  const { protocol, hostname, port } = new URL(origin)
  if (protocol !== 'http:' || socketPath !== null) return false
  return speaksTls(hostname.replace(/[[\]]/g, ''), Number(port || 80), timeoutMs)
}

function secure(path: string, { origin }: Upstream): DoctorFinding {
  return {
    degree: 'problem',
    path,
    wrong: `the program at ${origin.replace('http://', '')} speaks TLS, and the upstream begins with http`,
    mend: `Write ${origin.replace('http:', 'https:')}.`
  }
}

function unwell(path: string, id: string, where: string, status: number): DoctorFinding {
  return {
    degree: 'warning',
    path,
    wrong: `the app '${id}' at ${where} answers with the error ${status}`,
    mend: 'Look into the log of the app.'
  }
}

function silent(path: string, app: AppConfig, tls: string, where: string, error: NodeJS.ErrnoException): DoctorFinding {
  const code = codeOf(error)
  const found = (wrong: string, mend: string): DoctorFinding => ({ degree: 'problem', path, wrong, mend })
  if (error.name === 'TimeoutError' || error.code === 'ABORT_ERR')
    return found(
      `nothing answers at ${where} (no answer within ${timeoutMs / 1000} seconds)`,
      'Start the app, correct the address, or let this machine through the firewall in front of the app.'
    )
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return found(
      `the name server ${code === 'ENOTFOUND' ? 'does not know' : 'does not answer about'} the host of ${where}`,
      'Correct the address, or add the name to the name server or to /etc/hosts.'
    )
  if (code.startsWith('HPE_'))
    return found(`the program at ${where} does not speak HTTP (${code})`, 'Correct the address or the port.')
  if (error.message === switched)
    return found(
      `the program at ${where} answers a plain request with another protocol (101)`,
      'Correct the address or the port.'
    )
  const cause = Object.assign(new Error(error.message.trim()), { code })
  const advice = certificateTrouble(new UpstreamError('connect_failed', error.message, false, { cause }), app.id, tls)
  if (advice !== null && code !== 'ECONNREFUSED')
    return found(`the gate cannot open a TLS connection to ${where} (${code})`, `${sentence(advice)}.`)
  return found(`nothing answers at ${where} (${code})`, 'Start the app, or correct the address.')
}

/** During a write, OpenSSL's reason stands only in the message. */
function codeOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'EPROTO' && /wrong version number|packet length too long|unexpected message/i.test(message))
    return 'ERR_SSL_WRONG_VERSION_NUMBER'
  return code ?? message
}

function sentence(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1).trimEnd()
}
