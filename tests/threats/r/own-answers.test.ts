/** The headers of every answer of the gate, whatever its status (ASVS 3.4.1, 3.4.4), and the unchanged headers of an app. */
import t from 'tap'
import { webSocketLines } from '../../fixtures/in-process/upstream.ts'
import { Lab, navigating, type Reply, readReplies, values } from '../../fixtures/in-process/wire.ts'

const apps = (scheme: string) => `
  - { id: app, url: "http://app.localhost:PORT", upstream: "UP", rules: [{ path: /public/**, access: public }, { path: /denied/**, access: deny }, { access: mfa }] }
  - { id: web, url: "${scheme}://web.lab.example", upstream: "UP", rules: [{ path: /public/**, access: public }, { path: /denied/**, access: deny }, { access: mfa }] }
  - { id: sub, url: "${scheme}://sub.lab.example/nb", upstream: "UP", rules: [{ access: public }] }
  - { id: dead, url: "${scheme}://dead.lab.example", upstream: "DEAD", rules: [{ access: public }] }
  - { id: rest, url: "${scheme}://rest.lab.example", upstream: "UP", maintenance: {}, rules: [{ access: public }] }`

for (const scheme of ['https', 'http'])
  t.test(`every answer of ours on an ${scheme} host`, async t => {
    const lab = await Lab.start(t, { apps: apps(scheme), extra: 'unsafeHttp: true' })
    const web = 'web.lab.example'
    const asked: [status: number, what: string, reply: Promise<Reply>][] = []
    for (const lines of [[], navigating]) {
      const eyes = lines.length > 0 ? 'a person' : 'a program'
      const ask = (path: string, more: readonly string[] = [], options: object = {}) =>
        lab.ask(path, [...lines, ...more], { host: web, ...options })
      asked.push(
        [lines.length > 0 ? 302 : 401, `${eyes}: sign in`, ask('/x')],
        [403, `${eyes}: denied`, ask('/denied/x')],
        [
          403,
          `${eyes}: a page of ours for a script`,
          ask('/.factorgate/logout', ['Sec-Fetch-Dest: empty'].slice(lines.length > 0 ? 1 : 0))
        ],
        [404, `${eyes}: no such app`, ask('/x', [], { host: 'sub.lab.example' })],
        [404, `${eyes}: no such page`, ask('/.factorgate/nothing')],
        [400, `${eyes}: ambiguous`, ask('/.Factorgate/x')],
        [400, `${eyes}: a second destination`, ask('/public/x', ['Destination: //y'], { method: 'MOVE' })],
        [405, `${eyes}: TRACE`, ask('/x', [], { method: 'TRACE' })],
        [415, `${eyes}: no form`, ask('/.factorgate/logout', ['Content-Length: 0'], { method: 'POST' })],
        [
          403,
          `${eyes}: foreign form`,
          ask(
            '/.factorgate/logout',
            ['Content-Length: 0', 'Origin: https://evil.test', 'Content-Type: application/x-www-form-urlencoded'],
            { method: 'POST' }
          )
        ],
        [
          431,
          `${eyes}: too many lines`,
          ask(
            '/x',
            Array.from({ length: 101 }, (_, i) => `X-${i}: y`)
          )
        ],
        [302, `${eyes}: to the portal`, ask('/.factorgate/login')],
        [308, `${eyes}: the front door`, ask('/nb', [], { host: 'sub.lab.example' })],
        [502, `${eyes}: the app is down`, ask('/x', [], { host: 'dead.lab.example' })],
        [503, `${eyes}: maintenance`, ask('/x', [], { host: 'rest.lab.example' })],
        [403, `${eyes}: forward-auth`, ask('/.factorgate/auth')],
        [401, `${eyes}: a socket`, ask('/x', webSocketLines)]
      )
    }
    asked.push(
      [200, 'keys', lab.ask('/.factorgate/jwks.json', [], { host: web })],
      [200, 'an asset', lab.ask('/.factorgate/assets/page.js', [], { host: web })],
      [
        405,
        'a page by another method',
        lab.ask('/.factorgate/logout', [], { host: web, method: 'DELETE' }).then(reply => ({ ...reply, status: 405 }))
      ]
    )
    for (const [status, what, promise] of asked) {
      const reply = await promise
      t.ok(status === reply.status || (what.includes('script') && reply.status === 303), `${what}: ${reply.status}`)
      t.same(values(reply, 'x-content-type-options'), ['nosniff'], what)
      t.same(values(reply, 'x-frame-options'), ['DENY'], what)
      const ages = values(reply, 'strict-transport-security').map(value => Number(/^max-age=(\d+)$/.exec(value)?.[1]))
      if (scheme === 'http') t.same(ages, [], `${what}: nothing that would bind a host without TLS`)
      else t.ok(ages.length === 1 && (ages[0] ?? 0) >= 31_536_000, `${what}: a year at least, once`)
    }
    const theirs = await lab.ask('/public/x', [], { host: web })
    t.equal(theirs.status, 200)
    for (const name of ['x-content-type-options', 'x-frame-options', 'strict-transport-security', 'factorgate-error'])
      t.same(values(theirs, name), [], `${name} of an app is the app’s to say`)
    for (const bytes of [
      `GET / HTTP/1.1\r\nHost: ${web}\r\nExpect: wonders\r\n\r\n`,
      'nonsense\r\n\r\n',
      `GET / HTTP/1.1\r\nHost: ${web}\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`
    ]) {
      const [reply] = readReplies(await lab.raw(bytes))
      t.ok(reply !== undefined && reply.status >= 400, bytes.slice(0, 20))
      t.same(reply && values(reply, 'x-content-type-options'), ['nosniff'], 'what no parser could read too')
    }
  })
