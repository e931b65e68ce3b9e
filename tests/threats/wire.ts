/**
 * The whole gate between raw sockets: bytes in from a client that respects nothing, bytes out to recorders. Owns the reading of
 * answers and the fence, after which "nothing upstream" can be said of every byte; knows no scenario.
 */
import net, { type Socket } from 'node:net'
import type { Test } from 'tap'
import { type Running, startGateway } from '../helpers/gateway.ts'
import { shown } from '../helpers/shown.ts'
import { type Recorded, startUpstream, type Upstream, valuesOf } from '../helpers/upstream.ts'

export interface Reply {
  readonly status: number
  /** Lines of the head after the first. */
  readonly lines: readonly string[]
  readonly body: string
  /** False where the connection ended in the middle of it. */
  readonly isWhole: boolean
}

/** Values of a header of a reply, whatever its case. */
export function values(reply: Reply, name: string): string[] {
  const prefix = `${name.toLowerCase()}:`
  return reply.lines.filter(line => line.toLowerCase().startsWith(prefix)).map(line => line.slice(prefix.length).trim())
}

/** The answers of a connection, in order. `methods` of the requests they answer, where that matters (HEAD). */
export function readReplies(bytes: string, methods: readonly string[] = []): Reply[] {
  const replies: Reply[] = []
  let rest = bytes
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n')
    const [first = '', ...lines] = (end < 0 ? rest : rest.slice(0, end)).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1] ?? 0)
    if (end < 0 || status === 0) return [...replies, { status, lines, body: rest, isWhole: false }]
    rest = rest.slice(end + 4)
    if (status === 100) continue
    const head: Reply = { status, lines, body: '', isWhole: true }
    const body = methods[replies.length] === 'HEAD' || status === 304 || status === 204 ? '' : readBody(head, rest)
    replies.push({ ...head, body: body ?? rest, isWhole: body !== null })
    if (body === null) break
    rest = rest.slice(wireLength(head, rest, body))
  }
  return replies
}

function readBody(head: Reply, rest: string): string | null {
  if (values(head, 'transfer-encoding')[0] === 'chunked') {
    const end = /(?:^|\r\n)0\r\n\r\n/.exec(rest)
    return end === null ? null : rest.slice(0, end.index + end[0].length)
  }
  const [length] = values(head, 'content-length')
  if (length === undefined) return rest
  return rest.length < Number(length) ? null : rest.slice(0, Number(length))
}

function wireLength(head: Reply, rest: string, body: string): number {
  return values(head, 'content-length').length + values(head, 'transfer-encoding').length > 0
    ? body.length
    : rest.length
}

/** One TCP connection; nothing is added to what is sent. */
export class Line {
  readonly socket: Socket
  #received = ''
  #isClosed = false
  #wake: (() => void)[] = []

  constructor(port: number, from = '127.0.0.1') {
    this.socket = net.connect({ port, host: '127.0.0.1', localAddress: from, noDelay: true })
    this.socket.setEncoding('latin1')
    const stir = () => {
      for (const wake of this.#wake.splice(0)) wake()
    }
    this.socket
      .on('data', (text: string) => {
        this.#received += text
        stir()
      })
      .on('error', () => {})
      .on('close', () => {
        this.#isClosed = true
        stir()
      })
  }

  get received(): string {
    return this.#received
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Bytes as latin-1. */
  send(text: string): void {
    if (!this.#isClosed) this.socket.write(text, 'latin1')
  }

  /** Resolves once `holds` of what has come so far, or the connection has ended. */
  async until(holds: (received: string) => boolean): Promise<string> {
    while (!this.#isClosed && !holds(this.#received)) await new Promise<void>(resolve => this.#wake.push(resolve))
    return this.#received
  }

  /** Everything until the other side ends. */
  closed(): Promise<string> {
    return this.until(() => false)
  }
}

/** A request's head; `Host` first, closing afterwards unless told otherwise. */
export function head(
  host: string,
  target: string,
  lines: readonly string[] = [],
  { method = 'GET', keep = false }: { method?: string; keep?: boolean } = {}
): string {
  const all = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...(keep ? [] : ['Connection: close']), ...lines]
  return `${all.join('\r\n')}\r\n\r\n`
}

/** What browsers say when somebody navigates. */
export const navigating = ['Accept: text/html', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document']

/** An app that repeats who it was told is asking, and agrees to WebSockets. */
export const echo = (socket: Socket, request: Recorded): void => {
  const { line } = request
  if (valuesOf(request, 'upgrade').length > 0) {
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-From-App: yes\r\n\r\n'
    )
    return
  }
  const user = valuesOf(request, 'remote-user').join('|')
  const body = line.startsWith('HEAD ') ? '' : `from the app: ${line}`
  const length = Buffer.byteLength(body, 'latin1')
  const text = `HTTP/1.1 200 OK\r\nX-From-App: yes\r\nX-Echo-User: ${user}\r\nContent-Length: ${length}\r\n\r\n${body}`
  socket.write(text, 'latin1')
}

export interface LabOptions {
  /** YAML of the apps; `UP` stands for the first recorder's origin, `OTHER` for the second's, `DEAD` for one that refuses. */
  readonly apps: string
  readonly extra?: string
  readonly store?: string
}

/** A running gate, its recorders, and alice who is signed in. Its first app must be `app`, at `http://app.localhost:PORT`. */
export class Lab {
  readonly gate: Running
  readonly up: Upstream
  readonly other: Upstream
  readonly host: string
  /** `Cookie: …` of alice, signed in with both factors, on the host of `app`. */
  readonly alice: string
  #fences = 0

  private constructor(gate: Running, up: Upstream, other: Upstream, alice: string) {
    this.gate = gate
    this.up = up
    this.other = other
    this.host = `app.localhost:${gate.port}`
    this.alice = alice
  }

  static async start(t: Test, options: LabOptions): Promise<Lab> {
    const up = await startUpstream(t, echo)
    const other = await startUpstream(t, echo)
    const dead = net.createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => dead.once('listening', resolve))
    const { port } = dead.address() as net.AddressInfo
    await new Promise(resolve => dead.close(resolve))
    const apps = options.apps
      .replaceAll('UP', up.origin)
      .replaceAll('OTHER', other.origin)
      .replaceAll('DEAD', `http://127.0.0.1:${port}`)
    const gate = await startGateway(t, {
      apps,
      ...(options.extra === undefined ? {} : { extra: options.extra }),
      ...(options.store === undefined ? {} : { store: options.store })
    })
    const { cookies } = await gate.signIn(await gate.account('alice'), 'app')
    return new Lab(gate, up, other, `Cookie: ${cookies.app}`)
  }

  get port(): number {
    return this.gate.port
  }

  /** `Cookie: …` of somebody else, signed in with both factors, on the host NAME.localhost. */
  async cookieOf(name: string, groups: readonly string[], host = 'app'): Promise<string> {
    const { cookies } = await this.gate.signIn(await this.gate.account(name, groups), host)
    return `Cookie: ${cookies[host]}`
  }

  /** Sends bytes and reads until the gate closes. */
  async raw(bytes: string, from?: string): Promise<string> {
    const line = new Line(this.port, from)
    line.send(bytes)
    return line.closed()
  }

  /** One request that ends its connection, and its answer. */
  async ask(
    target: string,
    lines: readonly string[] = [],
    { host = this.host, method = 'GET', from, body = '' }: AskOptions = {}
  ): Promise<Reply> {
    const bytes = head(host, target, lines, { method }) + body
    const [reply, ...more] = readReplies(await this.raw(bytes, from), [method])
    if (reply === undefined || more.length > 0) throw new Error(`${more.length + 1} answers to ${bytes.slice(0, 400)}`)
    return reply
  }

  /**
   * What the first recorder got since `bytes` of its bytes and `requests` of its requests, once everything sent before has been
   * dealt with: two requests of our own have gone through after it and are not counted.
   */
  async since(mark: Mark): Promise<{ bytes: string; requests: readonly Recorded[] }> {
    await this.settle()
    await this.settle()
    const isFence = ({ line }: Recorded) => /^GET \/fence\/\d+ HTTP\/1\.1$/.test(line)
    const requests = this.up.requests.slice(mark.requests)
    let bytes = this.up.bytes().subarray(mark.bytes).toString('latin1')
    for (const fence of requests.filter(isFence)) bytes = bytes.replace(fence.raw.toString('latin1'), '')
    return { bytes, requests: requests.filter(request => !isFence(request)) }
  }

  /** Resolves once a request of alice's has gone through: what came before has been dealt with. */
  async settle(): Promise<void> {
    const reply = await this.ask(`/fence/${++this.#fences}`, [this.alice])
    if (reply.status !== 200) throw new Error(`the good client was answered ${reply.status}: ${reply.body}`)
  }

  mark(): Mark {
    return { bytes: this.up.bytes().length, requests: this.up.requests.length }
  }

  /** Runs `act`, then fails unless not one byte of it reached either recorder. */
  async nothingUpstream(t: Test, act: () => Promise<void>, what = 'nothing upstream'): Promise<void> {
    const mark = this.mark()
    const others = this.other.bytes().length
    await act()
    const seen = await this.since(mark)
    t.equal(seen.bytes, '', what)
    t.equal(this.other.bytes().subarray(others).toString('latin1'), '', `${what}, nor at the other app`)
  }

  /** Runs one request through and gives what the app saw of it; throws unless that was exactly one request and nothing else. */
  async seen(act: () => Promise<unknown>): Promise<Recorded> {
    const mark = this.mark()
    await act()
    const { bytes, requests } = await this.since(mark)
    const [only] = requests
    if (only === undefined || requests.length > 1 || bytes !== only.raw.toString('latin1'))
      throw new Error(`the app saw ${requests.length} requests: ${JSON.stringify(bytes)}`)
    return only
  }
}

export interface AskOptions {
  readonly host?: string
  readonly method?: string
  readonly from?: string
  readonly body?: string
}

export interface Mark {
  readonly bytes: number
  readonly requests: number
}

/** The stranger's answer: to the portal or 401, ours, and with nothing of the app in it. */
export function turnedAway(t: Test, lab: Lab, reply: Reply, tried: string): void {
  const what = shown(tried)
  t.ok(reply.status === 401 || reply.status === 302, `${what}: ${reply.status}`)
  t.same(values(reply, 'factorgate-error'), ['sign_in_required'], `${what}: sign in first`)
  t.same(values(reply, 'x-from-app'), [], `${what}: the app is not heard`)
  for (const location of values(reply, 'location'))
    t.ok(location.startsWith(`${lab.gate.portal}/.factorgate/login?`), `${what}: to the portal, not ${location}`)
}

/** A refusal of ours with one of these statuses. */
export function refused(t: Test, reply: Reply, statuses: readonly number[], tried: string): void {
  const what = shown(tried)
  t.ok(statuses.includes(reply.status), `${what}: ${reply.status}, expected ${statuses.join(' or ')}`)
  t.equal(values(reply, 'factorgate-error').length, 1, `${what}: the gate’s own answer`)
  t.same(values(reply, 'x-from-app'), [], `${what}: the app is not heard`)
}
