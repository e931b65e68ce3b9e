/** A client certificate signs somebody in: at the gate's own TLS, in one process and in several. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import path from 'node:path'
import tls, { type SecureVersion } from 'node:tls'
import t, { type Test } from 'tap'
import { echoApp, navigation } from '../fixtures/in-process/gateway.ts'
import { type Gate, startGate } from '../fixtures/process/gate.ts'
import { Pki } from '../fixtures/process/pki.ts'

const pki = new Pki(path.join(t.testdir({}), 'pki'))
pki.root('root')
pki.root('stranger', '/O=Lab/CN=root')
pki.intermediate('inter', 'root')
pki.leaf('alice', { by: 'root', subject: '/O=Lab/CN=Alice Doe', san: 'email:alice@lab.example' })
pki.leaf('dave', { by: 'inter', san: 'email:dave@lab.example' })
pki.leaf('lost', { by: 'root', san: 'email:lost@lab.example' })
pki.leaf('foreign', { by: 'stranger', san: 'email:alice@lab.example' })
pki.leaf('server', { by: 'root', san: 'email:alice@lab.example', eku: 'serverAuth' })
pki.leaf('expired', { by: 'root', san: 'email:x@lab.example', from: '20200101000000Z', to: '20210101000000Z' })
pki.list('root', 'root-crl', { revoked: ['lost'] })
pki.list('inter', 'inter-crl')

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  readonly url: string
  readonly session: Buffer | undefined
}

/** A browser with this certificate (or none), a connection for each request, and a jar for each host. */
class Browser {
  readonly #gate: Gate
  readonly #who: string | null
  readonly #jars = new Map<string, Map<string, string>>()

  constructor(gate: Gate, who: string | null) {
    this.#gate = gate
    this.#who = who
  }

  async open(url: string): Promise<Answer> {
    for (let hops = 0, at = url; ; hops++) {
      const { host } = new URL(at)
      const jar = this.#jars.get(host) ?? new Map()
      this.#jars.set(host, jar)
      const answer = await this.ask(at, { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') })
      for (const line of [answer.headers['set-cookie'] ?? []].flat()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        jar.set(name!, value!)
      }
      const { location } = answer.headers
      if (location === undefined || hops > 9) return answer
      at = new URL(String(location), at).href
    }
  }

  cookiesOf(host: string): string {
    return [...(this.#jars.get(host) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  ask(
    url: string,
    headers: Record<string, string> = {},
    more: { session?: Buffer | undefined; maxVersion?: SecureVersion } = {}
  ): Promise<Answer> {
    const who = this.#who
    const chain = who === null ? undefined : pki.read(`${who}.pem`) + (who === 'dave' ? pki.read('inter.pem') : '')
    const identity = who === null ? {} : { cert: chain, key: pki.read(`${who}.key`) }
    const { host, pathname, search } = new URL(url)
    return new Promise((resolve, reject) => {
      let session: Buffer | undefined
      const request = https.request({
        ...identity,
        ...more,
        host: '127.0.0.1',
        port: this.#gate.port,
        path: pathname + search,
        agent: false,
        rejectUnauthorized: false,
        servername: 'gate.localhost',
        headers: { host, ...navigation, ...headers }
      })
      request.on('socket', socket => socket.on('session', ticket => (session = ticket)))
      request.on('error', reject)
      request.on('response', response => {
        const parts: Buffer[] = []
        response
          .on('data', part => parts.push(part))
          .on('end', () =>
            resolve({
              status: response.statusCode!,
              headers: response.headers,
              body: Buffer.concat(parts).toString(),
              url,
              session
            })
          )
      })
      request.end()
    })
  }
}

/** Begins a download that does not end. `closed` settles when the gate closes it. */
async function downloadOf(t: Test, gate: Gate, cookie: string): Promise<{ closed: Promise<void> }> {
  const { host } = new URL(gate.origin('one'))
  const socket = tls.connect({ host: '127.0.0.1', port: gate.port, rejectUnauthorized: false })
  t.teardown(() => socket.destroy())
  const closed = new Promise<void>(resolve => socket.on('error', () => {}).on('close', () => resolve()))
  socket.write(`GET /endless HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\n\r\n`)
  const head = await new Promise<Buffer>(resolve => socket.once('data', resolve))
  t.match(head.toString('latin1'), /^HTTP\/1\.1 200/)
  return { closed }
}

async function start(t: Test, config: Record<string, unknown> = {}) {
  const app = await echoApp(t, ({ url, headers }, response) =>
    url === '/endless' ? response.write('x') : response.end(JSON.stringify({ headers }))
  )
  const crl = path.join(pki.folder, `serving-${Math.trunc(process.hrtime()[1])}.crl`)
  writeFileSync(crl, pki.read('root-crl.pem'))
  const gate = await startGate(t, {
    tls: true,
    apps: [
      {
        id: 'one',
        url: 'https://one.localhost:HOST',
        upstream: app.url,
        rules: [
          { path: '/public/**', access: 'public' },
          { path: '/keys/**', access: 'mfa', factors: ['webauthn'] },
          { access: 'mfa' }
        ]
      }
    ],
    config: {
      identity: [
        {
          id: 'cards',
          kind: 'certificate',
          title: 'Card',
          ca: pki.file('root.pem'),
          crl: [crl, pki.file('inter-crl.pem')],
          mfa: true
        },
        { id: 'local', kind: 'local' }
      ],
      ...config
    }
  })
  return { app, gate, crl, login: `${gate.portal}/.factorgate/login/cards` }
}

t.test('a card opens the app, and a rule that names a factor means ours', async t => {
  const { gate } = await start(t)
  const browser = new Browser(gate, 'alice')
  const signIn = await browser.open(`${gate.origin('one')}/data`)
  const href = /href="([^"]*\/login\/cards[^"]*)"/.exec(signIn.body)![1]!.replaceAll('&amp;', '&')
  const page = await browser.open(new URL(href, gate.portal).href)
  t.equal(page.url, `${gate.origin('one')}/data`)
  t.match(JSON.parse(page.body).headers, { 'remote-user': 'alice@lab.example', 'remote-name': 'Alice Doe' })
  t.match((await browser.open(`${gate.origin('one')}/keys/1`)).url, /\.factorgate\/(?:challenge|enrol)/)
  const dave = new Browser(gate, 'dave')
  await dave.open(`${gate.portal}/.factorgate/login/cards`)
  t.equal((await dave.open(`${gate.origin('one')}/data`)).status, 200, 'and so does one below an intermediate')
  const nobody = new Browser(gate, null)
  t.equal((await nobody.open(`${gate.origin('one')}/public/a`)).status, 200, 'nobody needs one for what is public')
})

t.test('what does not fit', async t => {
  const { app, gate, login } = await start(t)
  const rows: [sentence: string, who: string | null, code: string, detail: RegExp][] = [
    ['no certificate', null, 'refused', /showed no certificate/],
    ['a revoked one', 'lost', 'refused', /is revoked/],
    ['one of another authority of the same name', 'foreign', 'answer_invalid', /does not lead to an authority/],
    ["a server's", 'server', 'answer_invalid', /not for signing in/],
    ['an expired one', 'expired', 'refused', /out of date/]
  ]
  for (const [sentence, who, code] of rows) {
    const answer = await new Browser(gate, who).ask(login)
    t.same([answer.status, answer.headers['factorgate-error']], [403, `institution_${code}`], sentence)
    t.notMatch(answer.headers['set-cookie'], /factorgate=[^;]/)
    t.equal(answer.headers.connection, 'close', 'the next try has a handshake of its own')
  }
  await gate.stop()
  for (const [sentence, , , detail] of rows) t.match(gate.output, detail, `the log says why: ${sentence}`)
  t.equal(app.seen.length, 0)
})

t.test('no session is resumed, so no handshake leaves the certificate out', async t => {
  const { gate, login } = await start(t)
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const browser = new Browser(gate, null)
    const { session } = await browser.ask(login, {}, { maxVersion })
    const again = await new Browser(gate, 'alice').ask(login, {}, { maxVersion, session })
    t.equal(again.status, 303, `${maxVersion}: a card that was put in after the first page is seen`)
    const other = await browser.ask(login, {}, { maxVersion, session: again.session })
    t.equal(other.headers['factorgate-error'], 'institution_refused', 'and what hers began does not help others')
  }
})

t.test('a list is read again while the gate serves, and ends what runs', async t => {
  const { gate, crl, login } = await start(t, { workers: 2 })
  const alice = new Browser(gate, 'alice')
  const dave = new Browser(gate, 'dave')
  for (const browser of [alice, dave]) {
    await browser.open(login)
    t.equal((await browser.open(`${gate.origin('one')}/data`)).url, `${gate.origin('one')}/data`)
  }
  const download = await downloadOf(t, gate, alice.cookiesOf(new URL(gate.origin('one')).host))
  pki.list('root', 'next-crl', { revoked: ['alice'] })
  writeFileSync(`${crl}.new`, pki.read('next-crl.pem'))
  renameSync(`${crl}.new`, crl)
  let refused = 0
  // Each of the two processes has read it once several answers in a row refuse.
  for (let tries = 0; tries < 3000 && refused < 8; tries++)
    refused = (await alice.ask(login)).status === 403 ? refused + 1 : 0
  t.equal(refused, 8)
  await download.closed
  t.pass('the download of whoever is revoked is closed')
  t.match((await alice.open(`${gate.origin('one')}/data`)).url, /\.factorgate\/login/, 'and the session has ended')
  t.equal((await dave.open(`${gate.origin('one')}/data`)).url, `${gate.origin('one')}/data`, 'others stay signed in')
  await gate.stop()
  t.match(gate.output, /is revoked/)
})

t.test('an entry that is added while the gate serves asks for certificates at the next connection', async t => {
  const { gate, login } = await start(t)
  const whole = JSON.parse(readFileSync(gate.configFile, 'utf8'))
  const { identity } = whole
  const write = (entries: unknown[]) => {
    writeFileSync(`${gate.configFile}.new`, JSON.stringify({ ...whole, identity: entries }))
    renameSync(`${gate.configFile}.new`, gate.configFile)
  }
  const alice = new Browser(gate, 'alice')
  const until = async (status: number) => {
    let last = 0
    for (let tries = 0; tries < 3000 && last !== status; tries++) last = (await alice.ask(login)).status
    return last
  }
  t.equal(await until(303), 303)
  write(identity.slice(1))
  t.equal(await until(404), 404, 'one that is taken away is gone')
  write(identity)
  t.equal(await until(303), 303)
})
