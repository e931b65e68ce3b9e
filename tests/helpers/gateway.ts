/** The whole gateway in this process, on ports the system chose: for tests that want its services at hand. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pino } from 'pino'
import type { Test } from 'tap'
import { loadConfig } from '../../config/load.ts'
import { formatProblem } from '../../config/reading/diagnostics.ts'
import type { Config } from '../../config/schema.ts'
import type { Account } from '../../src/identity/account.ts'
import type { PasswordHasher } from '../../src/identity/password/password.ts'
import { createKeyFile } from '../../src/keyring/key-file.ts'
import { Server } from '../../src/server/server.ts'
import type { Principal } from '../../src/session/sessions.ts'
import { cheapHasher } from '../fixtures/in-process/cheap-hasher.ts'
import { freePort } from './free-port.ts'

export interface Running {
  readonly server: Server
  readonly port: number
  readonly adminPort: number
  readonly folder: string
  readonly configFile: string
  readonly portal: string
  /** Lines of the log, parsed. */
  readonly log: Record<string, unknown>[]
  /** `http://one.localhost:PORT` */
  origin(host: string): string
  /** Reads the file anew, as `serve` does. */
  load(text?: string): Promise<Config>
  account(name: string, groups?: readonly string[]): Promise<Account>
  /** A person who has just passed password and TOTP, and the cookie for each host asked for. */
  signIn(account: Account, ...hosts: string[]): Promise<{ principal: Principal; cookies: Record<string, string> }>
  request(method: string, url: string, headers?: http.OutgoingHttpHeaders, body?: string | Buffer): Promise<Answer>
}

export interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

export interface GatewayOptions {
  /** YAML of the `apps` list; `PORT` stands for the gateway's port. */
  readonly apps: string
  /** More top-level YAML. */
  readonly extra?: string
  /** Default: embedded. */
  readonly store?: string
  readonly clock?: () => number
  /** Default: a cheap one; `real` is the gate's own. */
  readonly hasher?: PasswordHasher | 'real'
}

export async function startGateway(t: Test, options: GatewayOptions): Promise<Running> {
  const folder = mkdtempSync(path.join(tmpdir(), 'factorgate-test-'))
  const port = await freePort()
  const configFile = path.join(folder, 'factorgate.yaml')
  const portal = `http://gate.localhost:${port}`
  const textFor = (apps: string) => `listen: { host: 127.0.0.1, port: ${port} }
admin: { host: 127.0.0.1, port: 0 }
portal: { url: "${portal}", title: Test Lab, contact: "mailto:help@lab.example" }
store: "${options.store ?? 'embedded:./store'}"
keyFile: ./factorgate.key
journal: ./journal.jsonl
shutdownTimeout: 2s
${options.extra ?? ''}
apps:
${apps.replaceAll('PORT', String(port))}
`
  writeFileSync(configFile, textFor(options.apps))
  await createKeyFile(path.join(folder, 'factorgate.key'))
  const log: Record<string, unknown>[] = []
  const load = async (apps?: string) => {
    if (apps !== undefined) writeFileSync(configFile, textFor(apps))
    const loaded = await loadConfig({ file: configFile, env: {}, cwd: folder })
    if (loaded.kind === 'bad') throw new Error(loaded.problems.map(problem => formatProblem(problem)).join('\n'))
    return loaded.config
  }
  const clock = options.clock ?? Date.now
  const logger = pino({ level: 'info' }, { write: (line: string) => log.push(JSON.parse(line)) })
  const hasher = options.hasher === 'real' ? undefined : (options.hasher ?? cheapHasher())
  const server = await Server.start({ config: await load(), clock, log: logger, hasher })
  t.teardown(async () => {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const { runtime } = server
  return {
    server,
    port,
    adminPort: server.addresses.admin?.port ?? 0,
    folder,
    configFile,
    portal,
    log,
    load,
    origin: host => `http://${host}.localhost:${port}`,
    account: (name, groups = ['researchers']) =>
      runtime.accounts.create({ name, displayName: name, email: `${name}@lab.example`, groups }),
    async signIn(account, ...hosts) {
      const device = { userAgent: 'test', address: '127.0.0.1' }
      const at = clock()
      const gateHost = `gate.localhost:${port}`
      const first = await runtime.sessions.start({
        accountId: account.id,
        proof: { kind: 'password', at, userVerified: false },
        device,
        host: gateHost
      })
      const entered = await runtime.sessions.prove(first.principal, { kind: 'totp', at, userVerified: false })
      if (entered === null) throw new Error('the session ended at once')
      const cookies: Record<string, string> = { gate: `factorgate=${entered.token}` }
      for (const name of hosts) {
        const host = `${name}.localhost:${port}`
        const code = await runtime.sessions.handOver(entered.principal, host, 'test', `http://${host}/`)
        const there = await runtime.sessions.redeem(code, host, 'test')
        cookies[name] = `factorgate=${there?.token}`
      }
      return { principal: entered.principal, cookies }
    },
    request: (method, url, headers = {}, body) => ask(port, method, url, headers, body)
  }
}

/** One request over a connection of its own to loopback, whatever the host in `url` is called. */
export function ask(
  port: number,
  method: string,
  url: string,
  headers: http.OutgoingHttpHeaders = {},
  body?: string | Buffer
): Promise<Answer> {
  const { host } = new URL(url)
  const path = url.slice(url.indexOf('/', url.indexOf('//') + 2))
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: '127.0.0.1', port, method, path, agent: false, headers: { host, ...headers } },
      response => {
        const parts: Buffer[] = []
        response
          .on('data', part => parts.push(part))
          .on('error', reject)
          .on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(parts).toString()
            })
          )
      }
    )
    request.on('error', reject).end(body)
  })
}

/** An app that answers with what it was asked, and can be told to wait. */
export async function echoApp(
  t: Test,
  handler?: http.RequestListener
): Promise<{ url: string; seen: http.IncomingMessage[] }> {
  const seen: http.IncomingMessage[] = []
  const server = http.createServer((request, response) => {
    seen.push(request)
    if (handler !== undefined) return handler(request, response)
    request
      .resume()
      .on('end', () =>
        response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers }))
      )
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

export const navigation = {
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none'
}
