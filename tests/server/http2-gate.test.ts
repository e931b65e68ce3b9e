/** The whole gate over HTTP/2: the same pages, answers and cuts as over HTTP/1.1. On Node 24 alone. */
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import type { ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2'
import https from 'node:https'
import path from 'node:path'
import t, { type Test } from 'tap'
import { openBrowser, openContext } from '../fixtures/browser/browser.ts'
import { type Answer, navigation, type Running, startGateway } from '../fixtures/in-process/gateway.ts'
import { answerTo, ask, openSession } from '../fixtures/in-process/http2-client.ts'
import { startApp } from '../fixtures/in-process/upstream.ts'
import { makePair } from '../fixtures/pipeline/http2.ts'
import { isOnNode24 } from '../fixtures/process/on-node-24.ts'
import { executablePath } from '../setup/chromium.mjs'

async function start(t: Test) {
  const app = await startApp(t, (request, response) => {
    if (request.url === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: hello\n\n')
      return
    }
    if (request.url === '/tab') {
      response.setHeader('content-type', 'text/html')
      return response.end(
        '<!doctype html><title>waits</title><script>new EventSource("/events").onmessage = () => (document.title = "open")</script>'
      )
    }
    response.setHeader('content-type', 'text/plain')
    response.end(`${request.method} ${request.url} ${request.headers['remote-user'] ?? 'nobody'}`)
  })
  const gate = await startGateway(t, {
    tls: makePair(t),
    apps: `  - id: one
    url: https://one.localhost:PORT
    upstream: ${app.origin}
    identityHeaders: { user: Remote-User }
    rules:
      - { path: /public/**, access: public }
      - { path: /denied/**, access: deny }
      - { access: mfa }`
  })
  const alice = await gate.account('alice')
  const { principal, cookies } = await gate.signIn(alice, 'one')
  return { gate, app, alice, principal, cookies: cookies as { gate: string; one: string } }
}

function overHttp1({ port }: Running, host: string, target: string, headers: OutgoingHttpHeaders, body?: string) {
  const { ':method': method = 'GET', ...rest } = headers as Record<string, string>
  const options = { host: '127.0.0.1', port, path: target, method, agent: false, rejectUnauthorized: false }
  return new Promise<Answer>((resolve, reject) => {
    const request = https.request({ ...options, headers: { host, ...rest } }, response => {
      const parts: Buffer[] = []
      response.on('data', part => parts.push(part))
      response.on('end', () => {
        const text = Buffer.concat(parts).toString('latin1')
        resolve({ status: response.statusCode as number, headers: response.headers, body: text })
      })
    })
    request.on('error', reject).end(body)
  })
}

const ofConnection = ['connection', 'keep-alive', 'transfer-encoding', 'date', ':status']

/** What two answers must have in common: without references, nonces, tokens and times. */
function comparable({ status, headers, body }: Pick<Answer, 'status' | 'headers' | 'body'>) {
  const plain = (text: string) =>
    text
      .replace(/[A-Za-z0-9_+/=-]{20,}|[0-9A-Z]{4}-[0-9A-Z]{4,}/g, '…')
      // The second in which a form was made stands between two parts of its token.
      .replace(/…\.[0-9a-z]+\.…/g, '…')
      .replace(/"\d+"/g, '"…"')
  const kept = Object.entries(headers).filter(([name]) => !ofConnection.includes(name))
  return {
    status,
    headers: Object.fromEntries(kept.map(([name, value]) => [name, plain(String(value))])),
    body: plain(body)
  }
}

if (isOnNode24(t, import.meta.url)) {
  t.test('pages, redirects, refusals and verdicts are those of HTTP/1.1', async t => {
    const { gate, cookies } = await start(t)
    const [one, portal] = [`one.localhost:${gate.port}`, `gate.localhost:${gate.port}`]
    const form = { 'content-type': 'application/x-www-form-urlencoded', origin: `https://${portal}` }
    const asked = { 'x-original-url': `https://${one}/x`, 'x-original-method': 'GET' }
    const rows: [sentence: string, host: string, target: string, headers: OutgoingHttpHeaders, body?: string][] = [
      ['a stranger’s page', one, '/', navigation],
      ['a stranger’s fetch', one, '/', {}],
      ['a public path', one, '/public/x', {}],
      ['a denied path', one, '/denied/x', { cookie: cookies.one }],
      ['a denied page', one, '/denied/x', { ...navigation, cookie: cookies.one }],
      ['an app', one, '/x?y=1', { cookie: cookies.one }],
      ['HEAD of an app', one, '/x', { cookie: cookies.one, ':method': 'HEAD' }],
      ['a form of an app', one, '/x', { cookie: cookies.one, ':method': 'POST' }, 'a=1'],
      ['the sign-in page', portal, '/.factorgate/login', navigation],
      ['HEAD of the sign-in page', portal, '/.factorgate/login', { ...navigation, ':method': 'HEAD' }],
      ['a wrong password', portal, '/.factorgate/login', { ...form, ':method': 'POST' }, 'username=alice&password=x'],
      ['a form that is too large', portal, '/.factorgate/login', { ...form, ':method': 'POST' }, 'x'.repeat(20_000)],
      [
        'a form of another type',
        portal,
        '/.factorgate/login',
        { ...form, ':method': 'POST', 'content-type': 'text/plain' },
        'x'
      ],
      ['the account', portal, '/.factorgate/account', { ...navigation, cookie: cookies.gate }],
      ['the apps', portal, '/.factorgate/', { ...navigation, cookie: cookies.gate }],
      ['the console', portal, '/.factorgate/admin/', { ...navigation, cookie: cookies.gate }],
      ['a page that does not exist', portal, '/.factorgate/nowhere', navigation],
      ['the front page of the portal', portal, '/', navigation],
      ['a verdict about a stranger', portal, '/.factorgate/auth', asked],
      ['a verdict about a person', portal, '/.factorgate/auth', { ...asked, cookie: cookies.one }],
      ['the keys', portal, '/.factorgate/jwks.json', {}],
      ['a method that pages do not have', portal, '/.factorgate/login', { ':method': 'DELETE' }],
      ['another host', 'other.localhost', '/', navigation]
    ]
    const session = await openSession(t, gate.port, portal)
    for (const [sentence, host, target, headers, body] of rows) {
      const older = await overHttp1(gate, host, target, headers, body)
      const newer = await ask(session, target, { ':authority': host, ...headers }, body)
      t.strictSame(comparable(newer), comparable(older), `${sentence}: ${older.status}`)
    }
    t.notOk(session.destroyed, 'all of them on one connection')
  })

  t.test('FIELD F18: seven tabs wait for events on one connection, and a revoked session ends them all', async t => {
    const { gate, principal, cookies } = await start(t)
    const host = `one.localhost:${gate.port}`
    const session = await openSession(t, gate.port, host)
    const tabs = Array.from({ length: 7 }, () => session.request({ ':path': '/events', cookie: cookies.one }))
    await Promise.all(tabs.map((tab: ClientHttp2Stream) => once(tab, 'data')))
    t.match(
      await ask(session, '/x', { cookie: cookies.one }),
      { status: 200, body: 'GET /x alice' },
      'an eighth request'
    )
    const ends = tabs.map(answerTo)
    await gate.server.runtime.sessions.end(principal.session.id, 'revoked')
    for (const end of ends) t.equal((await end).code, 2, 'the tab sees a break')
    t.match(await ask(session, '/public/x'), { status: 200 }, 'the connection stays')
    await gate.server.runtime.journal.flush()
    const lines = readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8')
    t.equal(
      lines.match(/"path":"\/events".*"httpVersion":"2".*"bytesOut":13.*"outcome":"cut"/g)?.length,
      7,
      'the journal has them all'
    )
  })

  const skip = !existsSync(executablePath) && 'there is no Chromium here: npm run setup'
  t.test('FIELD F18: Chromium opens eight tabs with an event stream each, and goes on', { skip }, async t => {
    const { gate, cookies } = await start(t)
    const context = await openContext(await openBrowser(t), { ignoreHTTPSErrors: true })
    t.teardown(() => context.close())
    const [name = '', value = ''] = cookies.one.split('=')
    await context.addCookies([{ name, value, url: gate.origin('one'), secure: true }])
    const pages = await Promise.all(Array.from({ length: 8 }, () => context.newPage()))
    for (const page of pages) await page.goto(`${gate.origin('one')}/tab`)
    for (const page of pages) await page.waitForFunction('document.title === "open"')
    const page = pages[0]!
    const shown = await page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol")
    t.equal(shown, 'h2')
    t.equal(await page.evaluate("fetch('/x').then(answer => answer.text())"), 'GET /x alice')
  })
}
