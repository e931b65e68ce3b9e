/**
 * TLS at the gate beside nginx as a plain proxy with TLS: signed-in requests, full and resumed handshakes, a large download and upload.
 * Both have the same certificate, protocols, ciphers and tickets.
 */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import tls from 'node:tls'
import { promisify } from 'node:util'
import { waysFor } from './carry.ts'
import { guarded } from './gates.ts'
import { generator, press } from './load.ts'
import { proxySettings, serveProxy, serveSmall } from './nginx.ts'
import { alternately } from './pairs.ts'
import { program } from './processes.ts'
import { type Bar, type Bench, type Found, table } from './report.ts'
import { barsOf, cells, compare, type Spent, spentBy, type Work, warmUp } from './spent.ts'

const title = 'TLS'
const connections = 32
/** Clients that shake hands at a time. */
const hands = 2
const least = { requests: 0.6, handshakes: 0.6, bulk: 0.8 }

interface Side {
  readonly origin: string
  readonly pid: number
}

interface Kind {
  readonly name: string
  /** What is counted, for the table. */
  readonly unit: string
  /** Pieces in one unit of the table. */
  readonly scale: number
  readonly least: number | null
  readonly isGoal?: boolean
  readonly ours: Side
  readonly theirs: Side
  /** Pieces after which the compiler of Node has done its work. */
  readonly warm: number
  work(side: Side): Promise<Work>
}

export async function tlsCost({ end, isQuick }: Bench): Promise<Found> {
  const [rounds, seconds, bytes, warmUpMs] = isQuick ? [2, 1, 2e8, 5_000] : [5, 5, 5e9, 30_000]
  const app = await serveSmall(end)
  const ways = await waysFor(end, bytes)
  if (app === null || ways === null || program('openssl') === null)
    return { title, text: 'Not measured: it takes nginx, curl and openssl.', bars: [] }
  const { gate, origin, headers } = await guarded(end, {
    upstream: app.origin,
    tls: true,
    apps: [
      { id: 'app', title: 'App', url: 'https://app.localhost:HOST', upstream: app.origin },
      ...ways.all.map(({ name, app }) => ({
        id: name,
        title: name,
        url: `https://app.localhost:HOST/${name}`,
        upstream: app
      }))
    ]
  })
  const certificate = { cert: path.join(gate.folder, 'tls.crt'), key: path.join(gate.folder, 'tls.key') }
  const pair = async (upstream: string, prefix = '') => ({
    ours: { origin: `${origin}${prefix}`, pid: gate.pid },
    theirs: (await serveProxy(end, upstream, certificate))!
  })
  const small = await pair(app.origin)
  const agreed = await agreement(small.ours.origin, small.theirs.origin)
  const kinds: Kind[] = [
    {
      name: 'signed-in requests',
      unit: 'requests',
      scale: 1,
      least: least.requests,
      isGoal: true,
      warm: 30_000,
      ...small,
      work: async ({ origin }) => {
        const { requests, perSecond } = await press({ origin, path: '/data', headers, connections, seconds })
        return { count: requests, rate: perSecond }
      }
    },
    handshakes('full handshakes', least.handshakes, small, '-new', [], seconds)
  ]
  // The tool waits for no ticket of TLS 1.3.
  if (!isQuick) kinds.push(handshakes('resumed handshakes, TLS 1.2', null, small, '-reuse', ['-tls1_2'], seconds))
  for (const { name, app, carry } of ways.all)
    kinds.push({
      name,
      unit: 'MB',
      scale: 1e6,
      least: least.bulk,
      warm: 1e9,
      ...(await pair(app, `/${name}`)),
      work: async ({ origin }) => ({ count: bytes, rate: await carry(origin, headers) })
    })
  const rows: string[][] = []
  const bars: Bar[] = []
  for (const { name, unit, scale, least, isGoal, warm, ours, theirs, work } of kinds) {
    for (const side of [ours, theirs]) await warmUp(() => work(side), { count: warm, ms: warmUpMs })
    const measured = await alternately(
      rounds,
      [ours, theirs].map(side => () => spentBy(side.pid, () => work(side)))
    )
    const compared = compare(...(measured as [Spent[], Spent[]]))
    rows.push([name, unit, ...cells(compared, scale)])
    if (least !== null) bars.push(...barsOf(name, compared, least, isGoal))
  }
  return {
    title,
    text: `${agreed}, on both sides, without a cache of sessions; ${rounds} turns. Requests: 100-byte replies, ${connections} connections, ${generator}. Handshakes: ${hands} × openssl s_time, which closes after each. Bulk: ${bytes / 1e9} GB each, curl. nginx: one process, ${proxySettings}.

${table(['', 'unit', 'gate/s', 'nginx/s', 'rate against nginx', 'gate, processor µs each', 'nginx', 'processor time against nginx'], rows)}`,
    bars
  }
}

function handshakes(
  name: string,
  least: number | null,
  sides: { readonly ours: Side; readonly theirs: Side },
  mode: '-new' | '-reuse',
  more: readonly string[],
  seconds: number
): Kind {
  const work = async ({ origin }: Side): Promise<Work> => {
    // The tool counts whole seconds, and begins anywhere in the first.
    const args = ['s_time', mode, ...more, '-connect', new URL(origin).host, '-time', String(seconds + 1)]
    const before = performance.now()
    const tools = Array.from({ length: hands }, () => promisify(execFile)('openssl', args))
    const said = (await Promise.all(tools)).map(({ stdout }) => stdout)
    const passed = (performance.now() - before) / 1000
    const count = said.reduce((sum, text) => sum + Number(/(\d+) connections in \d+ real/.exec(text)![1]), 0)
    if (count === 0) throw new Error(`no handshake with ${origin}: ${said}`)
    return { count, rate: count / passed }
  }
  return {
    name,
    unit: 'handshakes',
    scale: 1,
    least,
    isGoal: true,
    warm: 2_000,
    ...sides,
    work
  }
}

/** What both sides agree on with the same client. Throws where they differ: then nothing is comparable. */
async function agreement(ours: string, theirs: string): Promise<string> {
  const [one, other] = [await agreedWith(ours), await agreedWith(theirs)]
  if (one !== other) throw new Error(`the gate speaks ${one}, and nginx ${other}`)
  return one
}

async function agreedWith(origin: string): Promise<string> {
  const { hostname: host, port } = new URL(origin)
  // The load generators use Debian's OpenSSL, which does not know the group that newer Node.js would choose.
  const ecdhCurve = 'X25519'
  const socket = tls.connect({
    host,
    port: Number(port),
    rejectUnauthorized: false,
    ecdhCurve,
    ALPNProtocols: ['http/1.1']
  })
  // A ticket comes with the first bytes after the handshake.
  await Promise.all([once(socket, 'secureConnect'), once(socket, 'session')])
  const { standardName } = socket.getCipher()
  const { name } = socket.getEphemeralKeyInfo() as tls.EphemeralKeyInfo
  const { asn1Curve = 'RSA' } = socket.getPeerCertificate()
  const protocol = socket.getProtocol()
  socket.destroy()
  return `${protocol}, ${standardName}, ${name}, a certificate of ${asn1Curve}, tickets`
}
