/** A gate with the real steps around forwarding and a made-up session: everybody is who the test says. Nothing else is replaced. */
import http from 'node:http'
import net, { type AddressInfo, type Socket } from 'node:net'
import Fastify from 'fastify'
import fp from 'fastify-plugin'
import type { Test } from 'tap'
import { acceptPlugin } from '../../plugins/accept.ts'
import { type Exchange, exchangePlugin, readRequestLine } from '../../plugins/exchange.ts'
import { forwardPlugin, pipelineOf } from '../../plugins/forward.ts'
import { matchPlugin } from '../../plugins/match.ts'
import { type App, RouteTable } from '../../src/apps/route-table.ts'
import { GateError } from '../../src/errors.ts'
import type { Proof } from '../../src/factor/proof.ts'
import type { ForwardResult } from '../../src/forwarding/forward-request.ts'
import { LiveConnections } from '../../src/forwarding/live-connections.ts'
import type { Subject } from '../../src/identity/subject.ts'
import { GateRequest } from '../../src/platform/gate-request.ts'
import { decide } from '../../src/policy/decide.ts'
import type { Principal } from '../../src/session/sessions.ts'

export const alice: Subject = {
  id: 'A1',
  name: 'alice',
  displayName: 'Alice Example',
  email: 'alice@lab.example',
  groups: ['researchers', 'operators']
}

const proof = (kind: Proof['kind']): Proof => ({ kind, at: 0, userVerified: false, generation: 0 })

export interface Ended {
  readonly exchange: Exchange
  readonly method: string
  readonly summary: ForwardResult
  readonly isSocket: boolean
}

export interface Gate {
  readonly port: number
  readonly live: LiveConnections
  readonly ended: Ended[]
  readonly opened: Exchange[]
  /** What lay behind the gate's own refusals. */
  readonly causes: unknown[]
  /** Resolves with the next end of an errand that `ended` does not hold yet. */
  nextEnd(): Promise<Ended>
  /** Closes the pipeline as a reload does; open connections stay. */
  close(): Promise<void>
  /** A TCP connection to the gate. */
  connect(): Promise<RawClient>
  /** One request on a connection of its own; the whole answer as latin-1. */
  ask(text: string | Buffer): Promise<string>
}

export interface GateOptions {
  readonly who?: Subject | null | ((request: http.IncomingMessage) => Subject | null)
  readonly clock?: () => number
  readonly expiresAt?: number
  readonly assert?: (exchange: Exchange) => string | null
  readonly portalOrigin?: string
}

export const host = 'app.lab.example'

export function makeApp(app: Partial<App> & Pick<App, 'upstreams'>): App {
  return {
    id: 'app',
    title: 'App',
    description: null,
    origin: `https://${host}`,
    host,
    prefix: '',
    policy: { rules: [{ outcome: { access: 'public' } }], caseSensitive: true },
    identityHeaders: { user: 'Remote-User', name: 'Remote-Name', email: 'Remote-Email', groups: 'Remote-Groups' },
    addHeaders: {},
    preserveHost: true,
    assertion: false,
    allowedOrigins: [],
    connectTimeoutMs: 2_000,
    responseTimeoutMs: 10_000,
    maintenance: null,
    ...app
  }
}

/** One upstream after the manner of the route table. */
export function at(upstream: { origin: string; socketPath?: string | null }, basePath = ''): App['upstreams'][number] {
  return { origin: upstream.origin, socketPath: upstream.socketPath ?? null, basePath }
}

export async function startGate(t: Test, apps: readonly App[], options: GateOptions = {}): Promise<Gate> {
  const clock = options.clock ?? Date.now
  const live = new LiveConnections({ clock })
  const ended: Ended[] = []
  const opened: Exchange[] = []
  const causes: unknown[] = []
  const waiting: ((ended: Ended) => void)[] = []
  const routes = new RouteTable({ apps, portalOrigin: options.portalOrigin ?? 'https://gate.lab.example' })
  const app = Fastify({ rewriteUrl: readRequestLine, exposeHeadRoutes: false, trustProxy: false, bodyLimit: 16 * 1024 })
  app.setErrorHandler((error, request, reply) => {
    const refusal = error instanceof GateError ? error : new GateError('internal', { cause: error })
    causes.push(refusal.cause ?? refusal)
    if (!request.raw.complete) reply.header('connection', 'close')
    reply.code(refusal.status).header('factorgate-error', refusal.code).send({ error: refusal.code })
  })
  await app.register(exchangePlugin, { clock })
  const readClient = (peer: string) => ({ address: peer, peer, viaTrustedProxy: false })
  await app.register(acceptPlugin, { readClient })
  await app.register(matchPlugin, { routes })
  await app.register(fp(async () => {}, { name: 'session' }))
  await app.register(
    fp(
      async instance => {
        instance.addHook('onRequest', (request, _reply, done) => {
          const { match } = request.exchange
          const { who = alice } = options
          const subject = typeof who === 'function' ? who(request.raw) : who
          const session = { id: `S-${subject?.name}`, expiresAt: options.expiresAt ?? Number.MAX_SAFE_INTEGER }
          request.exchange.principal = subject === null ? null : ({ subject, session } as unknown as Principal)
          if (match.kind === 'app')
            request.exchange.decision = decide({
              appId: match.app.id,
              policy: match.app.policy,
              readings: match.readings,
              method: request.raw.method as string,
              address: request.exchange.client.address,
              subject,
              proofs: [proof('password'), proof('totp')],
              now: clock()
            })
          done()
        })
      },
      { name: 'enforce' }
    )
  )
  await app.register(forwardPlugin, {
    live,
    clock,
    ...(options.assert ? { assert: options.assert } : {}),
    onOpen(exchange) {
      opened.push(exchange)
    },
    onEnd(exchange, method, summary, isSocket) {
      const one = { exchange, method, summary, isSocket }
      ended.push(one)
      waiting.shift()?.(one)
    }
  })
  app.post('/.factorgate/form', { config: { requires: 'anyone' } }, async request => ({ got: request.body }))
  await app.ready()
  const pipeline = pipelineOf(app)
  const server = http.createServer({ IncomingMessage: GateRequest as never, noDelay: true })
  server.maxHeadersCount = 0
  server.on('request', pipeline.request).on('checkContinue', pipeline.request).on('upgrade', pipeline.upgrade)
  const sockets = new Set<Socket>()
  server.on('connection', socket => sockets.add(socket))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const clients: RawClient[] = []
  t.teardown(async () => {
    for (const client of clients) client.socket.destroy()
    for (const socket of sockets) socket.destroy()
    await new Promise(resolve => server.close(resolve))
    live.close()
    await app.close()
  })
  const connect = async () => {
    const client = await RawClient.open(port)
    clients.push(client)
    return client
  }
  return {
    port,
    live,
    ended,
    opened,
    causes,
    nextEnd: () => new Promise(resolve => waiting.push(resolve)),
    close: () => app.close(),
    connect,
    async ask(text) {
      const client = await connect()
      client.send(text)
      return client.rest()
    }
  }
}

/** A client that sends bytes and reads bytes. */
export class RawClient {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  #isClosed = false
  #wake: () => void = () => {}
  error: NodeJS.ErrnoException | null = null

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', chunk => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    socket.on('error', error => {
      this.error = error
    })
    socket.on('close', () => {
      this.#isClosed = true
      this.#wake()
    })
  }

  static open(port: number): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new RawClient(socket))
      })
    })
  }

  send(text: string | Buffer): void {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text)
  }

  /** Bytes received and not yet taken. */
  get received(): Buffer {
    return this.#received
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Takes what has come up to and including `mark`; waits for it. Rejects where the connection ends first. */
  async until(mark: string): Promise<string> {
    for (;;) {
      const found = this.#received.indexOf(mark, 0, 'latin1')
      if (found >= 0) return this.take(found + Buffer.byteLength(mark, 'latin1')).toString('latin1')
      if (this.#isClosed) throw new Error(`closed before ${JSON.stringify(mark)}: ${this.#received.toString('latin1')}`)
      await this.#more()
    }
  }

  /** Takes exactly that many bytes; waits for them. */
  async bytes(count: number): Promise<Buffer> {
    while (this.#received.length < count) {
      if (this.#isClosed) throw new Error(`closed after ${this.#received.length} of ${count} bytes`)
      await this.#more()
    }
    return this.take(count)
  }

  /** Everything that comes until the connection ends. */
  async rest(): Promise<string> {
    while (!this.#isClosed) await this.#more()
    return this.take(this.#received.length).toString('latin1')
  }

  take(count: number): Buffer {
    const taken = this.#received.subarray(0, count)
    this.#received = this.#received.subarray(count)
    return taken
  }

  #more(): Promise<void> {
    return new Promise(resolve => {
      this.#wake = resolve
    })
  }
}

/** A request's head with the usual host, closing afterwards. */
export function get(path = '/', lines: readonly string[] = [], method = 'GET'): string {
  return `${[`${method} ${path} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...lines].join('\r\n')}\r\n\r\n`
}

/** Status, header lines and body of an answer. */
export function parse(answer: string): { status: number; lines: string[]; body: string } {
  const end = answer.indexOf('\r\n\r\n')
  const [first = '', ...lines] = answer.slice(0, end).split('\r\n')
  return { status: Number(first.split(' ')[1]), lines, body: answer.slice(end + 4) }
}

/** The values of one header of an answer. */
export function header(answer: string, name: string): string[] {
  const prefix = `${name.toLowerCase()}:`
  return parse(answer)
    .lines.filter(line => line.toLowerCase().startsWith(prefix))
    .map(line => line.slice(prefix.length).trim())
}
