/** Probes the apps: whether each upstream answers, over TLS as configured and under its public name, and its clock. */
import { type RequestOptions, request } from 'node:http'
import { request as secureRequest } from 'node:https'
import { connect } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { AppConfig, Config } from '../../../config/schema.ts'
import type { App } from '../../apps/route-table.ts'
import type { Clock } from '../../clock.ts'
import { outboundPlan } from '../../forwarding/outbound.ts'
import type { UrlMapping } from '../../forwarding/url-mapping.ts'
import { refuseUpgrade, switched } from '../../platform/refuse-upgrade.ts'
import { tlsOf, toApp } from '../../services/app-options.ts'
import { UpstreamError } from '../../upstream/connection.ts'
import { certificateTrouble, Trust } from '../../upstream/trust.ts'
import { probeHealth } from '../probes/health.ts'
import { speaksTls } from '../probes/speaks-tls.ts'
import type { ClockedFindings } from './clock.ts'
import type { DoctorFinding } from './finding.ts'
import { type FirstPage, refusedName, roundTrip } from './first-page.ts'

const timeoutMs = 3000

/** Asks every upstream, also by its app's health path. Never rejects. */
export async function probeApps(config: Pick<Config, 'apps' | 'portal'>, clock: Clock): Promise<ClockedFindings> {
  const [{ findings, clocks }, health] = await Promise.all([askApps(config, clock), probeHealth(config)])
  const isSilent = ({ path }: DoctorFinding) => findings.some(each => each.path === path && each.degree === 'problem')
  return { findings: [...findings, ...health.filter(found => !isSilent(found))], clocks }
}

/** Sends one GET without cookies to every upstream, and a second one where the app may refuse its public name. Never rejects. */
async function askApps({ apps, portal }: Pick<Config, 'apps' | 'portal'>, clock: Clock): Promise<ClockedFindings> {
  const asked = apps.flatMap((app, a) => {
    const route = toApp(app, portal.url.origin, apps)
    return app.upstream.map(async (upstream, u) => {
      const path = `apps[${a}].upstream[${u}]`
      const where = whereOf(upstream)
      const before = clock()
      try {
        // The check of the health path asks the only question.
        if (app.health != null) {
          await tryConnect(upstream)
          return { findings: [], clocks: [] }
        }
        const question = questionOf(route, u)
        const answer = await askPage(app, upstream, question)
        const { status, date } = answer
        // nginx, Apache and Go answer so on a port of TLS; Node and many others close the connection.
        if (status === 400 && (await wantsTls(upstream))) return { findings: [secure(path, upstream)], clocks: [] }
        const clocks = date === null ? [] : [{ of: `the app at ${where}`, at: date, ours: (before + clock()) / 2 }]
        if (status >= 500) return { findings: [unwell(path, app.id, where, status)], clocks }
        const page: FirstPage = { path, id: app.id, where, ...question, ...answer }
        const round = roundTrip(page)
        if (round !== null) return { findings: [round], clocks }
        const name = await refusedName(page, host => askPage(app, upstream, { ...question, host }))
        return { findings: name === null ? [] : [name], clocks }
      } catch (error) {
        if (await wantsTls(upstream)) return { findings: [secure(path, upstream)], clocks: [] }
        return { findings: [silent(path, app, `apps[${a}].tls`, where, error as NodeJS.ErrnoException)], clocks: [] }
      }
    })
  })
  const answers = await Promise.all(asked)
  return { findings: answers.flatMap(one => one.findings), clocks: answers.flatMap(one => one.clocks) }
}

type Upstream = AppConfig['upstream'][number]

function whereOf({ origin, socketPath }: Upstream): string {
  if (socketPath !== null) return socketPath
  const url = new URL(origin)
  return `${url.hostname}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`
}

interface Question {
  readonly host: string
  /** The upstream's own. */
  readonly ownHost: string
  readonly target: string
  /** The path in the public address. */
  readonly publicPath: string
  readonly forwarded: Readonly<Record<string, string>>
  readonly mapping: UrlMapping
}

function questionOf(route: App, u: number): Question {
  const upstream = route.upstreams[u] as App['upstreams'][number]
  const { host, constant, mapping } = outboundPlan(route, upstream)
  const forwarded: Record<string, string> = {}
  for (let i = 0; i < constant.length; i += 2)
    if (/^x-forwarded-/i.test(constant[i] as string)) forwarded[constant[i] as string] = constant[i + 1] as string
  const { host: ownHost } = new URL(upstream.origin)
  return { host, ownHost, target: `${upstream.basePath}/`, publicPath: `${route.prefix}/`, forwarded, mapping }
}

interface Answer {
  readonly status: number
  readonly date: number | null
  readonly location: string | null
  readonly setsCookie: boolean
}

function askPage(
  app: AppConfig,
  { origin, socketPath }: Upstream,
  { host, target, forwarded }: Question
): Promise<Answer> {
  const url = new URL(origin)
  const isSecure = url.protocol === 'https:'
  const hostname = url.hostname.replace(/[[\]]/g, '')
  const trust = isSecure ? new Trust(tlsOf(app), hostname) : null
  const options: RequestOptions = {
    ...(socketPath === null ? { hostname, port: url.port || (isSecure ? 443 : 80) } : { socketPath }),
    path: target,
    headers: { host, 'user-agent': 'factorgate-doctor', connection: 'close', ...forwarded },
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
      const { location = null, 'set-cookie': cookies } = response.headers
      const status = response.statusCode ?? 0
      resolve({ status, date: Number.isNaN(date) ? null : date, location, setsCookie: cookies !== undefined })
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
