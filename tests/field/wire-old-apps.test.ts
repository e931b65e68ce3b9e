/**
 * FIELD 3, F15: what old apps say, behind the gate and beside it behind a real nginx and a real Apache. Whatever one of them serves
 * and nobody could end differently, the gate serves; what it refuses, it refuses at once and by name.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { navigation, startGateway } from '../fixtures/in-process/gateway.ts'
import { startUpstream, webSocketLines } from '../fixtures/in-process/upstream.ts'
import { Line } from '../fixtures/in-process/wire.ts'
import { at, get, header, host, makeApp, parse, startGate } from '../fixtures/pipeline/forwarding.ts'
import { freePort } from '../fixtures/process/free-port.ts'
import { notTried } from '../fixtures/process/not-tried.ts'
import { whereIs } from '../setup/machine.mjs'

const head = (...lines: string[]) => `${['HTTP/1.1 200 OK', ...lines].join('\r\n')}\r\n\r\n`
const lfOnly = (text: string) => text.replaceAll('\r\n', '\n')
const sized = head('Content-Length: 5', 'X-Kept: yes')
const chunks = head('Transfer-Encoding: chunked', 'X-Kept: yes')

/** Title, reply. All of them are `hello` with 200, and a line `X-Kept`. */
const tolerated: readonly (readonly [string, string])[] = [
  ['LF-only lines', lfOnly(`${sized}hello`)],
  ['a CRLF status line with LF header lines', `${lfOnly(sized).replace('\n', '\r\n')}hello`],
  ['LF header lines, CRLF as the empty line', `${lfOnly(sized).slice(0, -1)}\r\nhello`],
  ['CRLF header lines, a bare LF as the empty line', `${sized.slice(0, -2)}\nhello`],
  ['LF after the status line alone', `${sized.replace('\r\n', '\n')}hello`],
  ['LF-only lines, chunks with CRLF', `${lfOnly(chunks)}5\r\nhello\r\n0\r\n\r\n`],
  ['LF-only lines and chunks', lfOnly(`${chunks}5\r\nhello\r\n0\r\n\r\n`)],
  ['LF-only chunks and trailers', `${chunks}2\nhe\n3\nllo\n0\nX: y\n\n`],
  ['LF-only lines of HTTP/1.0, until the end', lfOnly('HTTP/1.0 200 OK\r\nX-Kept: yes\r\n\r\nhello')],
  [
    'LF-only lines, and CRLF CRLF in the body',
    lfOnly(head('Content-Length: 9', 'X-Kept: yes')).concat('hello\r\n\r\n')
  ],
  ['a folded line', `${head('X-Folded: a', ' b', 'Content-Length: 5', 'X-Kept: yes')}hello`],
  [
    'a line folded twice, with tabs',
    `${head('X-Folded: a  ', '\t b', '\t\tc', 'Content-Length: 5', 'X-Kept: yes')}hello`
  ],
  ['a folded length', `${head('Content-Length:', ' 5', 'X-Kept: yes')}hello`],
  ['a folded line, LF alone', lfOnly(`${head('X-Folded: a', '  b', 'Content-Length: 5', 'X-Kept: yes')}hello`)],
  ['CRLF before the status line', `\r\n${sized}hello`],
  ['empty lines of both kinds before it', `\r\n\n\r\n${sized}hello`],
  ['the same length twice', `${head('Content-Length: 5', 'X-Kept: yes', 'content-length: 5')}hello`],
  ['a list of the same length', `${head('Content-Length: 5, 5', 'X-Kept: yes')}hello`],
  ['a list of them, and another line', `${head('Content-Length: 5 ,5,5', 'Content-Length: 5', 'X-Kept: yes')}hello`],
  ['identity', `${head('Transfer-Encoding: identity', 'X-Kept: yes')}hello`],
  ['Identity and a length', `${head('Transfer-Encoding: Identity', 'Content-Length: 5', 'X-Kept: yes')}hello`],
  [
    'two chunked lines',
    `${head('Transfer-Encoding: chunked', 'X-Kept: yes', 'transfer-encoding: Chunked')}5\r\nhello\r\n0\r\n\r\n`
  ],
  ['chunked twice in one line', `${head('Transfer-Encoding: chunked, chunked', 'X-Kept: yes')}5\r\nhello\r\n0\r\n\r\n`],
  ['identity before chunked', `${head('Transfer-Encoding: identity, chunked', 'X-Kept: yes')}5\r\nhello\r\n0\r\n\r\n`],
  ['a line without a colon', `${head('nonsense', 'Content-Length: 5', 'X-Kept: yes')}hello`],
  ['a second status line', `${head('HTTP/1.1 200 OK', 'Content-Length: 5', 'X-Kept: yes')}hello`],
  [
    'a line without a colon, folded',
    `${head('nonsense', ' Content-Length: 1', 'Content-Length: 5', 'X-Kept: yes')}hello`
  ],
  ['a name that is no token', `${head('X Y: 1', 'X(Z): 2', 'Content-Length: 5', 'X-Kept: yes')}hello`],
  ['a name in other letters', `${head('Gr\xf6\xdfe: 1', 'Content-Length: 5', 'X-Kept: yes')}hello`],
  ['no name', `${head(': x', 'Content-Length: 5', 'X-Kept: yes')}hello`],
  ['a first line that begins with a blank', `${head(' X: 1', 'Content-Length: 5', 'X-Kept: yes')}hello`],
  ['a chunk size of 16 digits', `${chunks}0000000000000005\r\nhello\r\n0\r\n\r\n`],
  ['a chunk size of 40 digits, in two pieces', `${chunks}5\r\nhello\r\n${'0'.repeat(40)}\r\n\r\n`],
  ['HTTP/1.2', `${sized.replace('1.1', '1.2')}hello`],
  ['HTTP/1.9 until the end', `${head('X-Kept: yes').replace('1.1', '1.9')}hello`],
  ['two blanks in the status line', `${sized.replace(' 200 ', '  200  ')}hello`],
  ['tabs in the status line', `${sized.replace(' 200 ', '\t200\t')}hello`]
]

/** Title, reply. Each is app_reply_invalid, though the app keeps the connection open. */
const refused: readonly (readonly [string, string])[] = [
  ['two lengths', `${head('Content-Length: 5', 'Content-Length: 6')}hello!`],
  ['two lengths in a list', `${head('Content-Length: 5, 6')}hello!`],
  ['two lengths, LF alone', lfOnly(`${head('Content-Length: 5', 'Content-Length: 6')}hello!`)],
  ['two lengths, a folded one', `${head('Content-Length: 5', 'Content-Length:', ' 6')}hello!`],
  ['a length beside chunks', `${head('Content-Length: 5', 'Transfer-Encoding: chunked')}5\r\nhello\r\n0\r\n\r\n`],
  [
    'a length beside chunks, LF alone',
    lfOnly(`${head('Transfer-Encoding: chunked', 'Content-Length: 5')}5\r\nhello\r\n0\r\n\r\n`)
  ],
  ['an unknown coding', `${head('Transfer-Encoding: gzip')}hello`],
  ['an unknown coding before chunks', `${head('Transfer-Encoding: xchunked', 'Transfer-Encoding: chunked')}hello`],
  ['a coding in quotes', `${head('Transfer-Encoding: "chunked"')}hello`],
  ['a blank before the colon', `${head('Content-Length : 5')}hello`],
  ['a tab before the colon', `${head('X-Any\t: 5', 'Content-Length: 5')}hello`],
  ['NUL in a value', `${head('X: a\0b', 'Content-Length: 5')}hello`],
  ['NUL in a head that does not end', 'HTTP/1.1 200 OK\r\nX: a\0b'],
  ['CR alone', `${head('X: a\rContent-Length: 9', 'Content-Length: 5')}hello`],
  ['HTTP/0.9', '<html>hello</html>'],
  ['HTTP/0.9, one byte', 'h'],
  ['ICY', 'ICY 200 OK\r\nContent-Type: audio/mpeg\r\n'],
  ['HTTP/2', 'HTTP/2.0 200 OK\r\n'],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\n'],
  ['small letters', 'http/1.1 200 OK\r\n\r\n'],
  ['a head that is too long', `HTTP/1.1 200 OK\nX: ${'x'.repeat(70_000)}`],
  ['nothing but empty lines', '\r\n'.repeat(2_000)],
  ['a chunk size beyond counting', `${chunks}${'f'.repeat(16)}\r\nhello`],
  ['no chunk size', `${chunks}hello`.concat('\r\n')]
]

/** An app whose reply the path chooses. What ends with its connection ends; the rest stays open. */
function oddApp(replies: readonly (readonly [string, string])[]) {
  return (socket: Socket, { line }: { line: string }) => {
    const [, reply = 'HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n'] = replies[Number(/\/(\d+)/.exec(line)?.[1])] ?? []
    const bytes = Buffer.from(reply, 'latin1')
    if (/content-length|chunked/i.test(reply) || !/^HTTP\/1.*hello$/s.test(reply)) socket.write(bytes)
    else socket.end(bytes)
  }
}

/** The body of an answer without its chunks. */
function bodyOf(answer: string): string {
  let { body } = parse(answer)
  if (header(answer, 'transfer-encoding').length === 0) return body
  let whole = ''
  for (;;) {
    const size = Number.parseInt(body, 16)
    const begin = body.indexOf('\r\n') + 2
    if (!(size > 0)) return size === 0 ? whole : `${whole} broken off`
    whole += body.slice(begin, begin + size)
    body = body.slice(begin + size + 2)
  }
}

t.test('FIELD 3 what old apps say is passed on in clean HTTP, and their connection is not used again', async t => {
  const up = await startUpstream(t, oddApp(tolerated))
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)], responseTimeoutMs: 60_000 })])
  for (const [i, [title]] of tolerated.entries()) {
    const before = up.connections.length
    for (const round of [1, 2]) {
      const answer = await gate.ask(get(`/${i}`))
      t.match(parse(answer), { status: 200 }, title)
      t.match(bodyOf(answer), /^hello(?:\r\n\r\n)?$/, title)
      t.same(header(answer, 'x-kept'), ['yes'], title)
      t.equal(up.connections.length, before + round, `${title}: a new connection`)
      t.notMatch(
        answer.slice(0, answer.indexOf('\r\n\r\n')),
        /\r?\n[ \t]|(?<!\r)\n|nonsense|identity|, ?5|X Y/,
        `${title}: clean`
      )
      for (const value of header(answer, 'x-folded')) t.match(value, /^a b(?: c)?$/, title)
    }
  }
})

t.test('FIELD 3 byte by byte it is the same, and so is a WebSocket’s handshake', async t => {
  const up = await startUpstream(t, (socket, { line }) => {
    const bytes = Buffer.from(tolerated[Number(/\/(\d+)/.exec(line)?.[1])]![1], 'latin1')
    const next = (at: number) =>
      at < bytes.length ? socket.write(bytes.subarray(at, at + 1), () => setImmediate(next, at + 1)) : socket.end()
    next(0)
  })
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)], responseTimeoutMs: 60_000 })])
  await Promise.all(
    tolerated.map(async ([title], i) => {
      const answer = await gate.ask(get(`/${i}`))
      t.equal(parse(answer).status, 200, title)
      t.match(bodyOf(answer), /^hello/, title)
    })
  )
  const agree =
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n\x81\x02hi'
  for (const [title, reply] of [
    ['LF alone', lfOnly(agree)],
    ['two blanks', agree.replace(' 101 ', '  101 ')],
    ['an empty line first', `\r\n${agree}`],
    ['a line without a colon', agree.replace('Sec-', 'nonsense\r\nSec-')],
    ['a folded line', agree.replace('Upgrade: websocket', 'Upgrade:\r\n websocket')],
    ['refused with LF alone', lfOnly('HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nhi')]
  ] as const) {
    const socketApp = await startUpstream(t, Buffer.from(reply, 'latin1'))
    const own = await startGate(t, [makeApp({ upstreams: [at(socketApp)] })])
    const client = await own.connect()
    client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\nOrigin: https://${host}\r\n${webSocketLines.join('\r\n')}\r\n\r\n`)
    t.match(
      (await client.until('\r\n\r\n')) + (await client.until('hi')),
      title.startsWith('refused') ? /^HTTP\/1\.1 403 / : /^HTTP\/1\.1 101 [\s\S]*\r\n\r\n\x81\x02hi$/,
      title
    )
  }
})

t.test('FIELD 3 F15 what two readers could end differently is refused at once, and by name', async t => {
  const up = await startUpstream(t, oddApp(refused))
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)], responseTimeoutMs: 60_000 })])
  for (const [i, [title]] of refused.entries()) {
    const answer = await gate.ask(get(`/${i}`))
    t.equal(parse(answer).status, 502, title)
    t.same(header(answer, 'factorgate-error'), ['app_reply_invalid'], title)
  }
  const later = await startUpstream(t, `${chunks}5\r\nhello\r\n${'f'.repeat(16)}\r\nhello`)
  const broken = await startGate(t, [makeApp({ upstreams: [at(later)], responseTimeoutMs: 60_000 })])
  t.match(
    await broken.ask(get()),
    /^HTTP\/1\.1 200 [\s\S]*\r\n5\r\nhello\r\n$/,
    'what came before a later one, and no end'
  )
  const ending = await startUpstream(t, socket => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n'))
  const other = await startGate(t, [makeApp({ upstreams: [at(ending)], responseTimeoutMs: 60_000 })])
  t.same(header(await other.ask(get()), 'factorgate-error'), ['app_reply_invalid'], 'a head without an end')
})

t.test('FIELD 3 what is put right or left out is said once in the log, for each app and kind', async t => {
  const reply = lfOnly(`${head('nonsense', 'more nonsense', 'X Y: 1', 'Content-Length: 5')}hello`)
  const up = await startUpstream(t, reply)
  const gate = await startGateway(t, {
    apps: ['one', 'two']
      .map(
        id =>
          `  - { id: ${id}, url: "http://${id}.localhost:PORT", upstream: "${up.origin}", rules: [{ access: public }] }`
      )
      .join('\n')
  })
  for (const id of ['one', 'one', 'two', 'one'])
    t.equal((await gate.request('GET', `${gate.origin(id)}/`, navigation)).body, 'hello')
  const said = gate.log.filter(line => line.oddity !== undefined).map(({ app, oddity }) => `${app}: ${oddity}`)
  const kinds = [
    'a header line without a colon: left out',
    'a header name that is none: left out',
    'lines that end with LF alone'
  ]
  t.same(said.sort(), ['one', 'two'].flatMap(app => kinds.map(kind => `${app}: ${kind}`)).sort())
})

t.test('FIELD 3 beside a real nginx and a real Apache', { timeout: 60_000 }, async t => {
  const up = await startUpstream(t, oddApp(tolerated))
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)], responseTimeoutMs: 60_000 })])
  const others = [await startNginx(t, up.port), await startApache(t, up.port)]
  const statusAt = async (port: number, i: number) => {
    const line = new Line(port)
    line.send(get(`/${i}`))
    return Number(/^HTTP\/1\.\d (\d{3})/.exec(await line.closed())?.[1] ?? 0)
  }
  const served: string[] = []
  await Promise.all(
    tolerated.map(async ([title], i) => {
      const ours = parse(await gate.ask(get(`/${i}`))).status
      const theirs = await Promise.all(others.map(port => (port === null ? 0 : statusAt(port, i))))
      t.equal(ours, 200, `${title}: nginx ${theirs[0]}, Apache ${theirs[1]}, the gate ${ours}`)
      if (theirs.includes(200)) served.push(title)
    })
  )
  if (others.every(port => port !== null))
    t.ok(served.length > 15, `${served.length} of them are served by one of the others`)
})

async function startNginx(t: Test, upstream: number): Promise<number | null> {
  const binary = whereIs('nginx')
  if (binary === null) return missing(t, 'nginx')
  const [folder, port] = [temporary(t), await freePort()]
  const kept = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder}/${name};`)
  writeFileSync(
    `${folder}/nginx.conf`,
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr notice;
events { worker_connections 64; }
http { access_log off; ${kept.join(' ')}
  server { listen 127.0.0.1:${port}; proxy_read_timeout 1s; location / { proxy_http_version 1.1; proxy_pass http://127.0.0.1:${upstream}; } } }`
  )
  await started(t, spawn(binary, ['-p', folder, '-e', 'stderr', '-c', `${folder}/nginx.conf`]), /getrlimit/)
  return port
}

async function startApache(t: Test, upstream: number): Promise<number | null> {
  const binary = whereIs('apache2')
  const modules = ['/usr/lib/apache2/modules', '/usr/lib64/httpd/modules', '/usr/libexec/apache2'].find(existsSync)
  if (binary === null || modules === undefined) return missing(t, 'Apache')
  const [folder, port] = [temporary(t), await freePort()]
  const wanted = ['mpm_event', 'authz_core', 'unixd', 'proxy', 'proxy_http'].filter(name =>
    existsSync(`${modules}/mod_${name}.so`)
  )
  const user = process.getuid?.() === 0 ? 'User www-data\nGroup www-data' : ''
  writeFileSync(
    `${folder}/apache.conf`,
    `ServerRoot ${folder}
PidFile ${folder}/pid
DefaultRuntimeDir ${folder}
ServerName localhost
ErrorLog "|/bin/cat"
LogLevel notice
${wanted.map(name => `LoadModule ${name}_module ${modules}/mod_${name}.so`).join('\n')}
${user}
StartServers 1
ServerLimit 1
ThreadsPerChild 8
MaxRequestWorkers 8
MinSpareThreads 1
MaxSpareThreads 8
Listen 127.0.0.1:${port}
ProxyTimeout 1
ProxyPass / http://127.0.0.1:${upstream}/
`
  )
  await started(t, spawn(binary, ['-DFOREGROUND', '-f', `${folder}/apache.conf`]), /resuming normal operations/)
  return port
}

function missing(t: Test, name: string): null {
  notTried(t, `${name} is not installed, so nobody stands beside the gate`)
  return null
}

function temporary(t: Test): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'factorgate-old-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function started(t: Test, child: ChildProcess, ready: RegExp): Promise<void> {
  const ended = new Promise(resolve => child.once('close', resolve))
  t.teardown(async () => {
    child.kill('SIGTERM')
    await ended
  })
  return new Promise((resolve, reject) => {
    let said = ''
    const hear = (chunk: Buffer) => {
      said += chunk
      if (ready.test(said)) resolve()
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('close', () => reject(new Error(said)))
  })
}
