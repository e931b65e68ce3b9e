/**
 * Device-bound sign-ins in a real Chromium with keys in software, over https on several hosts: what waits for a refresh, what is sent on by
 * the gate, and what a thief with the whole cookie jar gets.
 */
import { createHash, X509Certificate } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pino } from 'pino'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { loadConfig } from '../../config/load.ts'
import { createKeyFile } from '../../src/keyring/key-file.ts'
import { Server } from '../../src/server/server.ts'
import { contentOf } from '../fixtures/browser/browser.ts'
import { cheapHasher } from '../fixtures/in-process/cheap-hasher.ts'
import { freePort } from '../fixtures/process/free-port.ts'
import { Pki } from '../fixtures/process/pki.ts'
import { args } from '../setup/chromium.mjs'

/** The engine without windows has no device keys. */
const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
/** The first release whose software keys were seen to work. */
const leastRelease = 146
const features =
  'DeviceBoundSessions:RequireOriginTrialTokens/false/RefreshQuota/false,EnableBoundSessionCredentialsSoftwareKeysForManualTesting'

/** An app with a page, an API, an event stream, a download and a WebSocket that says one word. */
async function startApp(t: Test): Promise<{ readonly port: number; readonly seen: IncomingMessage[] }> {
  const seen: IncomingMessage[] = []
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    seen.push(request)
    if (request.url === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      return void response.write('data: hello\n\n')
    }
    if (request.url === '/file') response.setHeader('content-disposition', 'attachment; filename="data.txt"')
    response.setHeader('content-type', request.url === '/file' ? 'text/plain' : 'text/html')
    request.resume().on('end', () => response.end(request.url === '/file' ? 'the data' : `<h1>${request.url}</h1>`))
  }
  const server = http.createServer(answer)
  server.on('upgrade', (request, socket) => {
    seen.push(request)
    const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
    const accept = createHash('sha1').update(key).digest('base64')
    socket.on('error', () => {})
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
    )
    socket.write(Buffer.from([0x81, 2, 0x68, 0x69]))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, seen }
}

async function lab(t: Test) {
  const folder = mkdtempSync(path.join(tmpdir(), 'factorgate-test-'))
  const pki = new Pki(path.join(folder, 'pki'))
  pki.root('root')
  pki.leaf('gate', { by: 'root', san: 'DNS:*.lab.test', eku: 'serverAuth' })
  const app = await startApp(t)
  const port = await freePort()
  const url = (host: string) => `https://${host}.lab.test:${port}`
  const file = path.join(folder, 'factorgate.yaml')
  writeFileSync(
    file,
    `listen: { host: 127.0.0.1, port: ${port}, tls: { cert: pki/gate.pem, key: pki/gate.key } }
admin: false
portal: { url: "${url('gate')}", title: Test Lab }
keyFile: ./factorgate.key
journal: { file: ./journal.jsonl, rotate: { daily: false } }
apps:
  - { id: one, url: "${url('one')}", upstream: "http://127.0.0.1:${app.port}", deviceBound: preferred }
  - { id: two, url: "${url('two')}", upstream: "http://127.0.0.1:${app.port}", deviceBound: required }
`
  )
  await createKeyFile(path.join(folder, 'factorgate.key'))
  const loaded = await loadConfig({ file, env: {}, cwd: folder })
  if (loaded.kind === 'bad') throw new Error(loaded.problems.map(({ message }) => message).join('\n'))
  const time = { ahead: 0 }
  const clock = () => Date.now() + time.ahead
  const log = pino({ level: 'silent' })
  const server = await Server.start({ config: loaded.config, clock, log, hasher: cheapHasher(), recoveryCodeCost: 2 })
  t.teardown(async () => {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const spki = new X509Certificate(pki.read('gate.pem')).publicKey.export({ type: 'spki', format: 'der' })
  const pin = createHash('sha256').update(spki).digest('base64')
  const { sessions, accounts, journal } = server.runtime
  const ada = await accounts.create({ name: 'ada', displayName: 'Ada', groups: [] })
  /** The token of a sign-in with two factors at the portal. */
  const signIn = async () => {
    const proof = (kind: 'password' | 'totp') => ({ kind, at: clock(), userVerified: false })
    const device = { userAgent: 'test', address: '127.0.0.1' }
    const host = `gate.lab.test:${port}`
    const half = await sessions.start({ accountId: ada.id, proof: proof('password'), device, host })
    return (await sessions.prove(half.principal, proof('totp')))?.token ?? ''
  }
  const lines = async (kind: string) => {
    await journal.commit({ kind: 'gate.reload', at: clock() })
    const all = readFileSync(path.join(folder, 'journal.jsonl'), 'utf8').trim().split('\n')
    return all.map(line => JSON.parse(line) as Record<string, string>).filter(line => line.kind === kind)
  }
  const cookies = { session: `__Host-factorgate-${port}`, bound: `__Host-factorgate-device-${port}` }
  return { app, url, port, time, pin, signIn, lines, cookies }
}

const whyNot = existsSync(executablePath) ? null : `no Chromium at ${executablePath}`

t.test('device keys in a browser', { skip: whyNot ?? false }, async t => {
  const { app, url, port, time, pin, signIn, lines, cookies } = await lab(t)
  const browser = await chromium.launch({
    executablePath,
    args: [
      ...args,
      `--enable-features=${features}`,
      `--ignore-certificate-errors-spki-list=${pin}`,
      '--host-resolver-rules=MAP *.lab.test 127.0.0.1'
    ]
  })
  t.teardown(() => browser.close())
  if (Number.parseInt(browser.version(), 10) < leastRelease)
    return t.comment(`skipped: this is Chromium ${browser.version()}, and device keys need ${leastRelease}`)

  const boundAt = async (context: BrowserContext, host: string) =>
    (await context.cookies(url(host))).find(({ name }) => name === cookies.bound)?.value
  const untilBound = async (context: BrowserContext, page: Page, host: string) => {
    for (let i = 0; i < 100; i++) {
      const value = await boundAt(context, host)
      if (value !== undefined) return value
      await page.waitForTimeout(50)
    }
    throw new Error(`no bound cookie of ${host}`)
  }
  /** The browser's cookie has ended, as after the life of a proof. */
  const expire = (context: BrowserContext) => context.clearCookies({ name: cookies.bound })
  const person = async () => {
    const context = await browser.newContext()
    context.setDefaultTimeout(20_000)
    const value = await signIn()
    await context.addCookies([
      { name: cookies.session, value, url: url('gate'), secure: true, httpOnly: true, sameSite: 'Lax' }
    ])
    const page = await context.newPage()
    time.ahead += 61_000
    await page.goto(`${url('gate')}/.factorgate/`)
    await untilBound(context, page, 'gate')
    return { context, page }
  }
  const status = (page: Page, target: string, method = 'GET') =>
    page.evaluate(async ([target, method]) => (await fetch(target!, { method: method! })).status, [target, method])

  const { context, page } = await person()

  await t.test('it registers a key on each host, also where the app demands one', async t => {
    t.equal((await page.goto(`${url('one')}/`))?.status(), 200)
    await untilBound(context, page, 'one')
    t.equal((await page.goto(`${url('two')}/x`))?.status(), 200)
    t.equal(page.url(), `${url('two')}/x`)
    const bound = await lines('device.bound')
    t.same(
      bound.map(({ host }) => host).sort(),
      ['gate', 'one', 'two'].map(name => `${name}.lab.test:${port}`),
      'one signature for each host'
    )
    t.same([...new Set(bound.map(({ alg }) => alg))], ['ES256'])
    t.notOk(
      app.seen.some(({ headers }) => /factorgate|secure-session/.test(JSON.stringify(headers))),
      'the app sees none of it'
    )
  })

  await t.test('what waits for a refresh comes through', async t => {
    await page.goto(`${url('one')}/`)
    await expire(context)
    t.equal(await status(page, '/api'), 200, 'a fetch')
    t.ok(await boundAt(context, 'one'))
    await expire(context)
    t.equal(await status(page, '/api', 'POST'), 200, 'a POST')
    await expire(context)
    const all = page.evaluate(() => Promise.all(Array.from({ length: 20 }, async () => (await fetch('/api')).status)))
    t.same([...new Set(await all)], [200], 'twenty at once')
    await expire(context)
    const word = page.evaluate(
      () =>
        new Promise((resolve, reject) => {
          const socket = new WebSocket(`wss://${location.host}/ws`)
          socket.onmessage = ({ data }) => resolve(data)
          socket.onerror = () => reject(new Error('the socket failed'))
        })
    )
    t.equal(await word, 'hi', 'a WebSocket')
    await expire(context)
    const event = page.evaluate(
      () =>
        new Promise((resolve, reject) => {
          const source = new EventSource('/events')
          source.onmessage = ({ data }) => resolve(data)
          source.onerror = () => reject(new Error('the stream failed'))
        })
    )
    t.equal(await event, 'hello', 'an event stream')
    await expire(context)
    const coming = page.waitForEvent('download')
    await page.evaluate(() => {
      location.href = '/file'
    })
    t.equal((await contentOf(await coming)).toString(), 'the data', 'a download')
    await expire(context)
    t.equal((await page.goto(`${url('one')}/typed`))?.status(), 200, 'an address that is typed')
    t.equal(page.url(), `${url('one')}/typed`)
  })

  await t.test('a link from another site does not wait, and comes to the page all the same', async t => {
    await page.goto(`http://127.0.0.1:${app.port}/mail`)
    await expire(context)
    await page.evaluate(
      href => {
        location.href = href
      },
      `${url('one')}/x?y=1`
    )
    await page.waitForURL(`${url('one')}/x?y=1`)
    t.equal(await page.locator('h1').textContent(), '/x?y=1')
    t.equal((await lines('device.bound')).length, 3, 'with the key that it has')
    await page.goto(`http://127.0.0.1:${app.port}/mail`)
    await expire(context)
    await page.evaluate(
      href => {
        location.href = href
      },
      `${url('gate')}/.factorgate/account`
    )
    await page.getByText('Bound to its device since').first().waitFor()
  })

  await t.test('a thief with the whole cookie jar has it until the bound cookie ends', async t => {
    await page.goto(`${url('one')}/`)
    const thief = await browser.newContext({ storageState: await context.storageState() })
    const stolen = await thief.newPage()
    t.equal((await stolen.goto(`${url('one')}/loot`))?.status(), 200)
    const jar = await thief.cookies()
    time.ahead += 61_000
    await thief.clearCookies({ name: cookies.session, domain: 'two.lab.test' })
    await stolen.goto(`${url('two')}/`)
    t.match(
      stolen.url(),
      `${url('gate')}/.factorgate/login?`,
      'the portal asks for the key before it opens another host'
    )
    await thief.addCookies(jar)
    await stolen.goto(`${url('one')}/loot`)
    time.ahead += 1_231_000
    t.equal(await status(stolen, '/loot'), 401, 'a fetch')
    t.equal(await status(stolen, '/loot', 'POST'), 401, 'a POST')
    for (const way of ['ws', 'events'] as const) {
      await thief.addCookies(jar)
      const opened = await stolen.evaluate(
        way =>
          new Promise(resolve => {
            const one = way === 'ws' ? new WebSocket(`wss://${location.host}/ws`) : new EventSource('/events')
            one.onmessage = () => resolve(true)
            one.onerror = () => resolve(false)
          }),
        way
      )
      t.equal(opened, false, way)
    }
    await thief.addCookies(jar)
    await stolen.goto(`${url('one')}/file`)
    t.match(stolen.url(), `${url('gate')}/.factorgate/login?`, 'a download, and no hand-over at the portal')
    await thief.addCookies(jar)
    await stolen.goto(`${url('two')}/`)
    t.match(stolen.url(), `${url('gate')}/.factorgate/login?`, 'another host')
    const lost = (await lines('device.lost')).map(({ host }) => host)
    t.ok(lost.includes(`one.lab.test:${port}`), lost.join())
    await thief.close()

    await expire(context)
    t.equal(await status(page, '/api'), 200, 'the owner notices nothing')
    await page.goto(`${url('gate')}/.factorgate/`)
    time.ahead += 61_000
    await context.clearCookies({ name: cookies.session, domain: 'two.lab.test' })
    t.equal((await page.goto(`${url('two')}/again`))?.status(), 200)
    t.equal(page.url(), `${url('two')}/again`, 'the owner shows the key on the way to another host')
    t.equal((await page.goto(`${url('gate')}/.factorgate/account`))?.status(), 200)
    t.equal(page.url(), `${url('gate')}/.factorgate/account`)
    // A browser may follow a redirect before it has the first cookie of its new key. Then the portal gives it one more token, with one more key.
    const later = (await lines('device.bound')).slice(3).map(({ host }) => host)
    t.same(new Set(later), new Set([`two.lab.test:${port}`]), 'the new token of that host has a key of its own')
  })

  await t.test('a sign-out ends the keys', async t => {
    await page.goto(`${url('gate')}/.factorgate/logout`)
    await page.getByRole('button', { name: 'Sign out' }).first().click()
    await page.waitForURL(/signed-out/)
    t.equal(await boundAt(context, 'gate'), undefined)
    await page.goto(`${url('one')}/`)
    t.match(page.url(), `${url('gate')}/.factorgate/login?`)
    await context.close()
  })
})
