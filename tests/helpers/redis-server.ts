/**
 * Real Redis servers for tests: on free ports, with an append-only file, in directories of their own. Owns their
 * processes; everything is stopped and removed when the test ends.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { freePort } from './free-port.ts'

const run = promisify(execFile)
const host = '127.0.0.1'

/** What this file needs of a tap test. */
export interface Teardown {
  teardown(work: () => unknown): void
}

export interface RedisServer {
  readonly port: number
  readonly url: string
  readonly directory: string
  /** One command by redis-cli; answers its output. `-` flags of redis-cli may come first. */
  cli(...args: string[]): Promise<string>
  /** SIGSTOP and SIGCONT freeze and thaw; SIGKILL resolves when the process is gone. */
  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): Promise<void>
  /** Starts it again where it was. Resolves when it takes commands. */
  start(): Promise<void>
}

export interface RedisServerOptions {
  /** Further arguments of redis-server; later ones win. */
  args?: readonly string[]
  /** Arguments of redis-cli that let it in: `--user x --pass y`, `--tls …`. */
  cliArgs?: readonly string[]
  /** Instead of --port. */
  tls?: boolean
  sentinel?: boolean
  /** A file of Redis' own (RDB) that it begins with. Needs `--appendonly no` in `args`. */
  dump?: Buffer
}

/** A directory that goes when the test ends. */
export function temporaryDirectory(t: Teardown): string {
  const directory = mkdtempSync(join(tmpdir(), 'factorgate-test-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

export async function startRedis(t: Teardown, options: RedisServerOptions = {}): Promise<RedisServer> {
  const directory = temporaryDirectory(t)
  if (options.dump !== undefined) writeFileSync(join(directory, 'dump.rdb'), options.dump)
  const port = await freePort()
  const ports = options.tls ? ['--port', '0', '--tls-port', String(port)] : ['--port', String(port)]
  const args = [
    '--bind',
    host,
    ...ports,
    '--dir',
    directory,
    '--save',
    '',
    '--appendonly',
    'yes',
    ...(options.args ?? [])
  ]
  let child: ChildProcess | undefined

  const server: RedisServer = {
    port,
    url: `redis://${host}:${port}`,
    directory,
    async cli(...words) {
      const { stdout } = await run('redis-cli', ['-h', host, '-p', String(port), ...(options.cliArgs ?? []), ...words])
      return stdout.trimEnd()
    },
    async signal(name) {
      const target = child
      if (target === undefined || target.exitCode !== null || target.signalCode !== null) return
      const gone = once(target, 'exit')
      target.kill(name)
      if (name === 'SIGKILL') await gone
    },
    async start() {
      child = spawn('redis-server', options.sentinel ? [join(directory, 'sentinel.conf'), '--sentinel'] : args, {
        stdio: ['ignore', 'pipe', 'inherit']
      })
      await readyLine(child, options.sentinel ? /Sentinel ID is/ : /Ready to accept connections|MASTER <-> REPLICA/)
    }
  }
  t.teardown(() => server.signal('SIGKILL'))
  if (!options.sentinel) await server.start()
  return server
}

async function readyLine(child: ChildProcess, wanted: RegExp): Promise<void> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const seen: string[] = []
  await new Promise<void>((resolve, reject) => {
    lines.on('line', line => {
      seen.push(line)
      if (wanted.test(line)) resolve()
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`redis-server ended:\n${seen.join('\n')}`)))
  })
  lines.removeAllListeners('line')
  lines.on('line', () => {}) // so that its pipe never fills
}

/** A certificate authority and a server certificate for 127.0.0.1 and localhost, as PEM files. */
export async function makeCertificates(t: Teardown): Promise<{ ca: string; cert: string; key: string }> {
  const directory = temporaryDirectory(t)
  const at = (name: string) => join(directory, name)
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const openssl = (...args: string[]) => run('openssl', args)
  await openssl('req', '-x509', ...ec, '-keyout', at('ca.key'), '-out', at('ca.crt'), '-subj', '/CN=Test CA')
  await openssl(
    ...[
      'req',
      '-x509',
      ...ec,
      '-CA',
      at('ca.crt'),
      '-CAkey',
      at('ca.key'),
      '-keyout',
      at('server.key'),
      '-out',
      at('server.crt')
    ],
    ...[
      '-subj',
      '/CN=redis',
      '-addext',
      'subjectAltName=IP:127.0.0.1,DNS:localhost',
      '-addext',
      'basicConstraints=CA:FALSE'
    ]
  )
  return { ca: at('ca.crt'), cert: at('server.crt'), key: at('server.key') }
}

/** Looks every few milliseconds until `isSo`, for things that no process announces. */
export async function until(what: string, isSo: () => Promise<boolean>, withinMs = 15_000): Promise<void> {
  const end = Date.now() + withinMs
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** Three masters that share the slots. */
export async function startRedisCluster(t: Teardown): Promise<{ url: string; nodes: RedisServer[] }> {
  const nodes = await Promise.all(
    [0, 1, 2].map(async () =>
      startRedis(t, {
        args: [
          ...['--cluster-enabled', 'yes', '--cluster-port', String(await freePort()), '--cluster-node-timeout', '1000'],
          ...['--cluster-announce-ip', host]
        ]
      })
    )
  )
  const [first] = nodes as [RedisServer, ...RedisServer[]]
  const ranges = ['0 5460', '5461 10922', '10923 16383']
  await Promise.all(nodes.map((node, i) => node.cli('CLUSTER', 'ADDSLOTSRANGE', ...(ranges[i] as string).split(' '))))
  for (const [i, node] of nodes.entries()) await node.cli('CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1))
  for (const node of nodes.slice(1)) {
    const bus = (await node.cli('CONFIG', 'GET', 'cluster-port')).split('\n')[1] as string
    await first.cli('CLUSTER', 'MEET', host, String(node.port), bus)
  }
  const isWhole = async (node: RedisServer) => {
    const info = await node.cli('CLUSTER', 'INFO')
    return /cluster_state:ok/.test(info) && /cluster_known_nodes:3/.test(info)
  }
  await until('the cluster is whole', async () => (await Promise.all(nodes.map(isWhole))).every(Boolean))
  return { url: `redis+cluster://${nodes.map(node => `${host}:${node.port}`).join(',')}`, nodes }
}

/** A master, a replica, and three Sentinels that watch over them. */
export async function startRedisSentinel(
  t: Teardown
): Promise<{ url: string; master: RedisServer; replica: RedisServer; sentinels: RedisServer[] }> {
  const master = await startRedis(t, { args: ['--repl-diskless-sync-delay', '0'] })
  const replica = await startRedis(t, {
    args: ['--replicaof', `${host} ${master.port}`, '--repl-diskless-sync-delay', '0']
  })
  await until('the replica is in step', async () =>
    /master_link_status:up/.test(await replica.cli('INFO', 'replication'))
  )
  const sentinels = await Promise.all([0, 1, 2].map(() => startRedis(t, { sentinel: true })))
  for (const sentinel of sentinels) {
    writeFileSync(
      join(sentinel.directory, 'sentinel.conf'),
      [
        `port ${sentinel.port}`,
        `bind ${host}`,
        `dir ${sentinel.directory}`,
        `sentinel monitor lab ${host} ${master.port} 2`,
        'sentinel down-after-milliseconds lab 500',
        'sentinel failover-timeout lab 2000',
        ''
      ].join('\n')
    )
    await sentinel.start()
  }
  const knowsAll = async (sentinel: RedisServer) => {
    const info = await sentinel.cli('INFO', 'sentinel')
    return /status=ok/.test(info) && /slaves=1/.test(info) && /sentinels=3/.test(info)
  }
  await until('the Sentinels know each other', async () => (await Promise.all(sentinels.map(knowsAll))).every(Boolean))
  return {
    url: `redis+sentinel://${sentinels.map(sentinel => `${host}:${sentinel.port}`).join(',')}/lab`,
    master,
    replica,
    sentinels
  }
}
