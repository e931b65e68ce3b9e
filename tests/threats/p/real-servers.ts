/**
 * Real servers on loopback with a common folder of files: nginx, Apache, PHP's and Python's own, and one that removes `;params` as servlets
 * do. Each reports its reading of a path. A missing server is reported with the reason.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'
import { Line, type Reply, readReplies, values } from '../../fixtures/in-process/wire.ts'
import { freePort } from '../../fixtures/process/free-port.ts'
import { mayInstall, whereIs } from '../../setup/machine.mjs'

export interface RealServer {
  readonly name: string
  readonly port: number
  /** False for one that cannot read a body in chunks at all. */
  readonly readsChunks: boolean
}

interface RealServers {
  readonly running: readonly RealServer[]
  readonly missing: readonly Missing[]
}

/** One that could not be asked. */
interface Missing {
  readonly reason: string
  /** True only where it is not installed and nothing may be: then a sentence is all that can be had. */
  readonly isExcused: boolean
}

const files = ['/index.html', '/x', '/public/index.html', '/public/x', '/admin/index.html', '/admin/x', '/a/x', '/a/b']

export async function startRealServers(t: Test): Promise<RealServers> {
  const folder = mkdtempSync(path.join(tmpdir(), 'factorgate-servers-'))
  const root = path.join(folder, 'root')
  for (const file of files) {
    mkdirSync(path.dirname(root + file), { recursive: true })
    writeFileSync(root + file, `file:${file}\n`)
  }
  writeFileSync(
    `${root}/index.php`,
    '<?php header("X-Resolved: " . $_SERVER["SCRIPT_NAME"] . ($_SERVER["PATH_INFO"] ?? ""));\n'
  )
  // Apache reads as another user than the one who starts it.
  chmodSync(folder, 0o755)
  const running: RealServer[] = []
  const missing: Missing[] = []
  const children: Promise<void>[] = []
  t.teardown(async () => {
    await Promise.all(children)
    rmSync(folder, { recursive: true, force: true })
  })
  const run = async (command: string, args: readonly string[], ready: RegExp): Promise<string> => {
    const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    children.push(endOf(t, child))
    return saying(child, ready)
  }
  const starts: [name: string, program: string, start: (binary: string) => Promise<RealServer[] | string>][] = [
    ['nginx', 'nginx', binary => startNginx(binary, folder, root, run)],
    ['Apache', 'apache2', binary => startApache(binary, folder, root, run)],
    ['PHP', 'php', binary => startPhp(binary, root, run)],
    ['Python', 'python3', binary => startPython(binary, folder, root, run)]
  ]
  for (const [name, program, start] of starts) {
    const binary = whereIs(program)
    const started = binary === null ? `${program} is not installed` : await start(binary)
    if (typeof started === 'string') missing.push(missed(name, started, binary !== null, mayInstall() !== null))
    else running.push(...started)
  }
  running.push({ name: 'servlet-like', port: await startServletLike(t), readsChunks: true })
  return { running, missing }
}

/** Only what neither is here nor may be brought is excused: a silence would look like an answer. */
export function missed(name: string, why: string, isHere: boolean, mayBeBrought: boolean): Missing {
  const isExcused = !isHere && !mayBeBrought
  return {
    reason: `${name} is not asked: ${why}${isHere || isExcused ? '' : '; `npm run setup` brings it'}`,
    isExcused
  }
}

/** Says of each that it is not asked; fails where it could have been. */
export function sayMissing(t: Pick<Test, 'ok'>, missing: readonly Missing[]): void {
  for (const { reason, isExcused } of missing) t.ok(isExcused, reason)
}

/** The path a server took the target for, from its own words; null where it refused to take it for any. */
export function resolvedBy(reply: Reply): string | null {
  const [said] = values(reply, 'x-resolved')
  return said ?? /file:(\/\S*)/.exec(reply.body)?.[1] ?? null
}

/** What a server answers to these bytes and no more. */
export async function answersOf({ port }: RealServer, bytes: string): Promise<Reply[]> {
  const line = new Line(port)
  line.send(bytes)
  line.socket.end()
  return readReplies((await line.closed()).replace(/^HTTP\/1\.0 /gm, 'HTTP/1.1 '))
}

type Run = (command: string, args: readonly string[], ready: RegExp) => Promise<string>

async function startNginx(binary: string, folder: string, root: string, run: Run): Promise<RealServer[] | string> {
  const ports = [await freePort(), await freePort()] as const
  const server = (port: number, more: string) => `server {
    listen 127.0.0.1:${port};
    root ${root};
    ${more}
    add_header X-Resolved $uri always;
    location / { try_files $uri $uri/ =404; }
  }`
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const config = `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr notice;
events { worker_connections 64; }
http {
  access_log off;
  ${temporary.map(name => `${name}_temp_path ${folder}/${name};`).join(' ')}
  ${server(ports[0], '')}
  ${server(ports[1], 'merge_slashes off;')}
}`
  writeFileSync(`${folder}/nginx.conf`, config)
  const failure = await run(binary, ['-p', folder, '-e', 'stderr', '-c', `${folder}/nginx.conf`], /getrlimit/)
  if (failure !== '') return failure
  return [
    { name: 'nginx', port: ports[0], readsChunks: true },
    { name: 'nginx without merge_slashes', port: ports[1], readsChunks: true }
  ]
}

async function startApache(binary: string, folder: string, root: string, run: Run): Promise<RealServer[] | string> {
  const modules = ['/usr/lib/apache2/modules', '/usr/lib64/httpd/modules', '/usr/libexec/apache2'].find(existsSync)
  if (modules === undefined) return 'its modules are not where they usually are'
  const kinds = [
    ['Apache', 'Off'],
    ['Apache with AllowEncodedSlashes', 'On'],
    ['Apache with AllowEncodedSlashes NoDecode', 'NoDecode']
  ] as const
  const ports = await Promise.all(kinds.map(() => freePort()))
  const wanted = ['mpm_event', 'authz_core', 'dir', 'headers', 'unixd']
  const there = wanted.filter(name => existsSync(`${modules}/mod_${name}.so`))
  const isRoot = process.getuid?.() === 0
  const config = `ServerRoot ${folder}
PidFile ${folder}/apache.pid
DefaultRuntimeDir ${folder}
ServerName localhost
ErrorLog "|/bin/cat"
LogLevel notice
${there.map(name => `LoadModule ${name}_module ${modules}/mod_${name}.so`).join('\n')}
${isRoot && there.includes('unixd') ? 'User www-data\nGroup www-data' : ''}
StartServers 1
ServerLimit 1
ThreadsPerChild 16
MaxRequestWorkers 16
MinSpareThreads 1
MaxSpareThreads 16
DirectoryIndex index.html
Header always set X-Resolved "expr=%{REQUEST_URI}"
${ports.map(port => `Listen 127.0.0.1:${port}`).join('\n')}
${kinds
  .map(
    ([, slashes], i) => `<VirtualHost 127.0.0.1:${ports[i]}>
  DocumentRoot ${root}
  AllowEncodedSlashes ${slashes}
  <Directory ${root}>
    Require all granted
  </Directory>
</VirtualHost>`
  )
  .join('\n')}
`
  writeFileSync(`${folder}/apache.conf`, config)
  const failure = await run(binary, ['-DFOREGROUND', '-f', `${folder}/apache.conf`], /resuming normal operations/)
  return failure === '' ? kinds.map(([name], i) => ({ name, port: ports[i]!, readsChunks: true })) : failure
}

async function startPhp(binary: string, root: string, run: Run): Promise<RealServer[] | string> {
  const port = await freePort()
  const failure = await run(binary, ['-n', '-S', `127.0.0.1:${port}`, '-t', root], /Development Server .* started/)
  return failure === '' ? [{ name: 'PHP', port, readsChunks: true }] : failure
}

const python = `import http.server, os, sys, urllib.parse
port, root = int(sys.argv[1]), sys.argv[2]
class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def __init__(self, *all):
        super().__init__(*all, directory=root)
    def end_headers(self):
        if hasattr(self, 'path'):
            taken = os.path.relpath(self.translate_path(self.path), root)
            self.send_header('X-Resolved', urllib.parse.quote('/' + ('' if taken == '.' else taken), errors='surrogatepass'))
        super().end_headers()
    def log_message(self, *all):
        pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', port), Handler)
print('ready', flush=True)
server.serve_forever()
`

async function startPython(binary: string, folder: string, root: string, run: Run): Promise<RealServer[] | string> {
  const port = await freePort()
  writeFileSync(`${folder}/server.py`, python)
  const failure = await run(binary, [`${folder}/server.py`, String(port), root], /^ready/m)
  return failure === '' ? [{ name: 'Python', port, readsChunks: false }] : failure
}

/** As Tomcat and its kin: parameters go first, segment by segment, then one decoding, then dots and slashes. */
function startServletLike(t: Test): Promise<number> {
  const server = http.createServer((request, response) => {
    request.resume()
    const [raw = ''] = (request.url ?? '').split('?')
    const bare = raw
      .split('/')
      .map(segment => segment.split(';')[0])
      .join('/')
    const decoded = bare.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    const resolved = path.posix.normalize(decoded)
    if (!/^\/[\x20-\xff]*$/.test(resolved)) return response.writeHead(400).end()
    response.writeHead(200, { 'x-resolved': resolved }).end('taken')
  })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))
}

/** Ends the process with the test; resolves once it is gone. */
function endOf(t: Test, child: ChildProcess): Promise<void> {
  const gone = new Promise<void>(resolve => child.once('close', () => resolve()))
  t.teardown(() => {
    child.kill('SIGTERM')
  })
  return gone
}

/** Resolves to '' once the process has said `ready`, or to what it said where it ended instead. */
function saying(child: ChildProcess, ready: RegExp): Promise<string> {
  return new Promise(resolve => {
    let said = ''
    const hear = (chunk: Buffer) => {
      said += chunk
      if (ready.test(said)) resolve('')
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('error', error => resolve(error.message))
    child.once('close', () => resolve(`it ended and said: ${said.trim().slice(-300)}`))
  })
}
