/** THREATS R13, R15, R16, R18 and R19: reflected text, caches and frames of the gate's pages, and the data that they show. */
import { createHash } from 'node:crypto'
import { Caller, type Fixture, type HttpReply, newKey } from '../../fixtures/in-process/callers.ts'
import { ask } from '../../fixtures/in-process/gateway.ts'
import { onHttps } from '../s/sessions-ways.ts'
import type { Row } from '../table.ts'

export function pageRows(fixture: Fixture): Row[] {
  const { gate, runtime } = fixture
  const app = gate.origin('app')

  /** One of each kind of answer of ours: pages, redirects, refusals. */
  async function answers(): Promise<[string, HttpReply][]> {
    const person = await fixture.somebody()
    const nobody = new Caller(fixture)
    const half = await person.halfWay()
    const signed = await person.signedIn()
    const list: [string, HttpReply][] = []
    const add = async (what: string, answer: Promise<HttpReply>) => list.push([what, await answer])
    for (const path of [
      'login',
      'login?switch',
      'signed-out',
      'nothing-here',
      `invite/${'A'.repeat(43)}`,
      `invite/${'A'.repeat(101)}`,
      `kept/${'A'.repeat(3000)}`,
      'account',
      'challenge',
      ''
    ])
      await add(`nobody ${path}`, nobody.get(`/.factorgate/${path}`))
    await add('a wrong password', nobody.signIn(person.account.name, 'wrong password'))
    await add('an expired form', nobody.post('/.factorgate/login', { csrf: 'x' }))
    await add('a foreign form', nobody.post('/.factorgate/login', {}, { origin: 'https://evil.test' }))
    await add(
      'another type',
      nobody.send('POST', '/.factorgate/login', {
        headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'content-type': 'text/plain' },
        body: 'x'
      })
    )
    await add('the challenge', half.get('/.factorgate/challenge'))
    await add('a wrong code', half.totp(person.wrongCode()))
    for (const path of [
      '',
      'account',
      'account?done=added',
      'enrol',
      'enrol/totp',
      'enrol/webauthn',
      'enrol/recovery',
      'enrol/second',
      'enrol/done',
      'logout',
      'challenge',
      'account/not-me'
    ])
      await add(`signed in ${path}`, signed.get(`/.factorgate/${path}`))
    await add('an app, nobody', nobody.get(`${app}/x`))
    await add('an app, a fetch', nobody.send('GET', `${app}/x`))
    await add('no such host', nobody.get(`http://unknown.localhost:${gate.port}/`))
    await add('an ambiguous path', nobody.get(`${app}/.FACTORGATE/login`))
    await add('the app’s callback', nobody.get(`${app}/.factorgate/callback?code=x`))
    await add('options', signed.json('/.factorgate/webauthn/options?for=challenge'))
    await add('verify', signed.verify('challenge', 'x', {}))
    await add('forward-auth', nobody.get('/.factorgate/auth'))
    return list
  }

  return [
    {
      id: 'R13',
      refs: 'CVE-2024-21496 CVE-2026-33525 CVE-2026-42849',
      tried:
        'markup in return address, name, factor name, path, Host, User-Agent, Accept-Language and Referer, on pages and errors',
      safe: 'shown as text or not at all; nothing inline could run',
      async run(t) {
        const marks = [
          '"><svg/onload=alert(1)>',
          "'><img src=x onerror=alert(1)>",
          '</title><script>alert(1)</script>',
          'javascript:alert(1)',
          '{{7*7}}',
          '<!--',
          '&lt;script&gt;',
          '\u2028<script>',
          '"autofocus onfocus="alert(1)'
        ]
        const person = await fixture.somebody()
        const signed = await person.signedIn()
        const id = (await runtime.credentials.list(person.account.id))[0]!.id
        for (const mark of marks) {
          const quoted = encodeURIComponent(mark)
          const odd = {
            'user-agent': mark.replace('\u2028', ''),
            'accept-language': mark.replace('\u2028', ''),
            referer: `${app}/${quoted}`
          }
          await signed.post(`/.factorgate/account/factors/${id}/rename`, { name: mark })
          await runtime.sessions.start({
            accountId: person.account.id,
            proof: { kind: 'password', at: fixture.time.now, userVerified: false },
            device: { userAgent: mark, address: mark },
            host: fixture.host()
          })
          const pages = [
            await new Caller(fixture).get(`/.factorgate/login?rd=${quoted}&state=${quoted}&${quoted}=${quoted}`, odd),
            await new Caller(fixture).post(`/.factorgate/login?rd=${quoted}`, {
              username: mark,
              password: 'wrong password'
            }),
            await new Caller(fixture).get(`/.factorgate/${quoted}`, odd),
            await new Caller(fixture).get(`${app}/.factorgate/callback?code=${quoted}`, odd),
            await new Caller(fixture).get(`${app}/%2e%2e/.FACTORGATE/${quoted}`, odd),
            await new Caller(fixture).get(`/.factorgate/invite/${quoted}`, odd),
            await signed.get(`/.factorgate/account?done=${quoted}`, odd),
            await signed.get(`/.factorgate/account/factors/${id}/remove`, odd),
            await signed.get(`/.factorgate/challenge?rd=${encodeURIComponent(`${app}/keys/`)}${quoted}`, odd),
            await signed.get(`/.factorgate/enrol/totp?rd=${quoted}&name=${quoted}`, odd)
          ]
          for (const { body, status } of pages) {
            t.ok(status < 500, `${mark}: ${status}`)
            t.same(dangersIn(body), [], mark)
          }
        }
        t.match(
          (await signed.get('/.factorgate/account')).body,
          /&quot;autofocus onfocus=&quot;/,
          'a name is shown, as it is'
        )
      }
    },
    {
      id: 'R15',
      refs: '',
      tried: 'shared caches: pages asked for as style sheets, with unkeyed headers; an app’s own headers for caches',
      safe: 'everything of ours is `no-store`, varies by cookie and not by headers; the app’s headers stay',
      async run(t) {
        for (const [what, { headers, status }] of await answers()) {
          t.equal(headers['cache-control'], 'no-store', `${what} (${status})`)
          // JSON to a script's POST is kept by no cache at all; everything that a browser may show varies besides.
          if (!String(headers['content-type']).includes('json'))
            t.match(headers.vary, /^Cookie$/i, `${what} (${status}) varies by cookie`)
        }
        const signed = await (await fixture.somebody()).signedIn(['app'])
        for (const path of [
          'account.css',
          'account/x.css',
          'account/..%2fx.css',
          'account;x.js',
          'account%00.css',
          'login.css',
          'login/x.png',
          'challenge.js',
          'account/%2e%2e/assets/page.css'
        ]) {
          const { status, headers, body } = await signed.get(`/.factorgate/${path}`)
          t.ok([400, 404].includes(status), `${path}: ${status}`)
          t.equal(headers['cache-control'], 'no-store', path)
          t.notMatch(body, 'name="csrf"', path)
        }
        for (const path of ['assets/console.css', 'assets/console.js', 'assets/door.svg', 'jwks.json', 'session']) {
          const { status, headers } = await new Caller(fixture).send('GET', `/.factorgate/${path}`, { cookie: '' })
          t.same(
            [status, headers['set-cookie']],
            [200, undefined],
            `${path}: no cookie that a shared cache could give to everybody`
          )
        }
        const plain = (body: string) => body.replace(/name="csrf" value="[^"]*"/g, '').replace(/state=[\w-]{43}/g, '')
        const caller = new Caller(fixture)
        const reference = plain((await caller.get('/.factorgate/login')).body)
        for (const extra of [
          'x-forwarded-host',
          'x-forwarded-prefix',
          'x-forwarded-proto',
          'x-host',
          'x-original-url',
          'forwarded',
          'origin',
          'x-forwarded-scheme',
          'x-rewrite-url'
        ])
          t.equal(plain((await caller.get('/.factorgate/login', { [extra]: 'evil.test' })).body), reference, extra)
        const redirects = ['x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port', 'x-original-url'].map(name =>
          caller.get(`${app}/r15`, { [name]: 'evil.test' })
        )
        for (const { headers } of await Promise.all(redirects)) {
          t.match(headers.location, new RegExp(`^${gate.portal}/`))
          t.same([headers['cache-control'], headers.vary], ['no-store', 'Cookie'])
        }
        t.equal(
          (await signed.get(`${app}/own.css`)).headers['cache-control'],
          'private',
          'what an app makes for a person is for no shared cache, where the app says nothing'
        )
      }
    },
    {
      id: 'R16',
      refs: 'ASVS 3.4',
      tried: 'every kind of answer of ours, looked at for frames, sniffing, scripts, referrers; over https for HSTS',
      safe: 'frame-ancestors none, COOP, nosniff, no inline script, HSTS of two years on https',
      async run(t) {
        const list = await answers()
        const html = list.filter(([, { headers }]) => headers['content-type']?.startsWith('text/html'))
        t.ok(html.length > 20, `${html.length} pages`)
        for (const [what, { headers, body }] of html) {
          t.match(
            headers['content-security-policy'],
            /^default-src 'none'; .*frame-ancestors 'none'; base-uri 'none'$/,
            what
          )
          t.notMatch(headers['content-security-policy'], /unsafe|\*/, what)
          t.match(
            headers,
            {
              'x-content-type-options': 'nosniff',
              'x-frame-options': 'DENY',
              'referrer-policy': 'strict-origin-when-cross-origin',
              'cross-origin-opener-policy': 'same-origin'
            },
            what
          )
          const policy = String(headers['content-security-policy'])
          t.notMatch(withoutNamedSheet(body, policy), /<script(?! src)|<style|\sstyle=|\son[a-z]+=|<iframe|<base/, what)
        }
        for (const [what, { headers, body }] of list) {
          t.notOk(headers['access-control-allow-origin'], what)
          t.notOk(headers.server ?? headers['x-powered-by'], what)
          if (!headers['content-type']?.startsWith('text/html'))
            t.notMatch(body, /</, `${what}: no markup under another type`)
        }
        const framed = await new Caller(fixture).get('/.factorgate/login', {
          'sec-fetch-dest': 'iframe',
          'sec-fetch-site': 'cross-site'
        })
        t.equal(framed.headers['x-frame-options'], 'DENY')
        await onHttps(t, fixture, async () => {
          for (const path of ['login', 'account', 'nothing-here', 'signed-out']) {
            const { headers } = await new Caller(fixture).get(`https://gate.lab.example/.factorgate/${path}`)
            const age = Number(/^max-age=(\d+)/.exec(String(headers['strict-transport-security']))?.[1] ?? 0)
            if (headers['content-type']?.startsWith('text/html')) t.ok(age >= 31_536_000, `${path}: ${age} seconds`)
          }
        })
      }
    },
    {
      id: 'R18',
      refs: 'CVE-2024-39315 GHSA-rrqr-7w59-637v CVE-2026-40166',
      tried:
        'everything the portal tells about a person: account, apps, ceremonies, keys, forward-auth; guessed names of others',
      safe: 'no token, secret, hash, public key or other person; `/me`, `/sessions` and `/factors` do not exist',
      async run(t) {
        const [ada, ben] = [await fixture.somebody(), await fixture.somebody()]
        await ada.issueCodes()
        const key = newKey(fixture)
        const signed = await ada.signedIn(['app'])
        await signed.enrol(key)
        const record = (await runtime.credentials.byCredentialId(key.id))!
        const bens = await ben.signedIn()
        const [benTotp] = await runtime.credentials.list(ben.account.id)
        const told: string[] = []
        for (const path of ['', 'account', 'enrol', 'enrol/totp', 'enrol/webauthn', 'challenge', 'logout', 'jwks.json'])
          told.push(JSON.stringify(await signed.get(`/.factorgate/${path}`)))
        for (const purpose of ['challenge', 'enrol', 'login'])
          told.push((await signed.json(`/.factorgate/webauthn/options?for=${purpose}`)).body)
        const password = (await runtime.store.get(`password:${ada.account.id}`))!
        const secrets = [
          signed.token(),
          signed.token(fixture.host('app')),
          record.publicKey,
          JSON.parse(password).hash,
          ada.secret,
          bens.token(),
          ben.account.id,
          ben.account.name,
          bens.principal!.session.id,
          benTotp!.id
        ]
        for (const text of told) for (const secret of secrets) t.notOk(text.includes(secret), secret.slice(0, 12))
        const jwks = JSON.parse((await signed.get('/.factorgate/jwks.json')).body)
        t.ok(jwks.keys.length > 0)
        t.notOk(
          jwks.keys.some((one: object) => 'd' in one || 'k' in one),
          'public keys alone'
        )
        for (const path of [
          'me',
          'sessions',
          'factors',
          'users',
          'users/1',
          'metrics',
          'livez',
          'readyz',
          'healthz',
          'debug',
          'config',
          'totp',
          'totp/setup',
          'userinfo',
          '.well-known/openid-configuration'
        ])
          t.equal((await signed.get(`/.factorgate/${path}`)).status, 404, path)
        t.equal((await signed.get('/.factorgate/admin/')).status, 403, 'the console is for operators')
        for (const path of [
          `account/factors/${benTotp!.id}/remove`,
          `account/sessions/${bens.principal!.session.id}/end`
        ])
          t.equal(
            (path.endsWith('end')
              ? await signed.post(`/.factorgate/${path}`)
              : await signed.get(`/.factorgate/${path}`)
            ).status,
            404,
            path
          )
      }
    },
    {
      id: 'R19',
      refs: 'CVE-2026-27589',
      tried:
        'the operators’ listener from a page: POST, other methods, a rebound Host, CORS; its pages on the public one',
      safe: 'a page is refused; three GETs that change nothing, no CORS, nobody’s name; not on the public listener',
      async run(t) {
        const person = await fixture.somebody()
        const signed = await person.signedIn(['app'])
        await signed.get(`${app}/r19`)
        const admin = (method: string, path: string, headers = {}) =>
          ask(
            gate.adminPort,
            method,
            `http://127.0.0.1:${gate.adminPort}${path}`,
            headers,
            method.startsWith('P') ? '{}' : undefined
          )
        for (const path of ['/livez', '/readyz', '/metrics']) {
          const cross = { origin: 'http://evil.test', host: 'evil.test', 'sec-fetch-site': 'cross-site' }
          t.equal((await admin('GET', path, cross)).status, 403, path)
          const { status, headers, body } = await admin('GET', path)
          t.equal(status, 200, path)
          t.same(
            Object.keys(headers).filter(name => name.startsWith('access-control')),
            [],
            path
          )
          for (const secret of [
            person.account.name,
            person.account.id,
            person.account.email!,
            signed.token(),
            signed.principal!.session.id,
            '127.9.'
          ])
            t.notOk(body.includes(secret), `${path} does not tell ${secret.slice(0, 10)}`)
          for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
            const answer = await admin(method, path, { ...cross, 'content-type': 'application/json' })
            t.ok(answer.status >= 400, `${method} ${path}: ${answer.status}`)
            t.notOk(answer.headers['access-control-allow-origin'])
          }
          for (const host of [fixture.host(), fixture.host('app')])
            t.not((await new Caller(fixture).send('GET', `http://${host}${path}`)).status, 200, `${host}${path}`)
        }
        for (const path of [
          '/',
          '/config',
          '/load',
          '/stop',
          '/id/x',
          '/debug/pprof',
          '/.factorgate/',
          '/..%2fmetrics'
        ])
          t.equal((await admin('GET', path)).status, 404, path)
      }
    }
  ]
}

/** What a browser would run, or take for markup of ours, in a page: elements by our renderer have quoted attributes, and no stray `<`. */
function dangersIn(html: string): string[] {
  const found: string[] = []
  const rest = html.replace(
    /<(\/?[a-z][a-z0-9]*)((?:\s[\w:-]+(?:="[^"]*")?)*)\s?\/?>/g,
    (_, element: string, attributes: string) => {
      const [, source = ''] = / src="([^"]*)"/.exec(attributes) ?? []
      if (element === 'script' && !source.startsWith('/.factorgate/assets/')) found.push(`script ${source}`)
      // The one picture in a page is the QR code, which runs nothing.
      const isPicture = element === 'img' && /^data:image\/png;base64,[\w+/]+={0,2}$/.test(source)
      if (['iframe', 'object', 'embed', 'base', 'style', 'img'].includes(element) && !isPicture) found.push(element)
      for (const [, name = '', value = ''] of attributes.matchAll(/\s([\w:-]+)(?:="([^"]*)")?/g)) {
        if (name.startsWith('on') || name === 'style') found.push(`${element} ${name}`)
        if (
          /^(?:href|src|action|formaction)$/.test(name) &&
          !isPicture &&
          !/^(?:\/|#|https?:|mailto:|tel:|otpauth:\/\/totp\/)/.test(value)
        )
          found.push(`${name}=${value}`)
      }
      return ''
    }
  )
  if (rest.replace('<!doctype html>', '').includes('<')) found.push(rest.slice(rest.indexOf('<', 15), 80))
  return found
}

/** Without the sheet of a page whose host serves no assets, if the policy names the hash of that sheet and allows no other. */
function withoutNamedSheet(body: string, policy: string): string {
  const sheet = /<style>(.*?)<\/style>/s.exec(body)?.[1] ?? ''
  const hash = createHash('sha256').update(sheet).digest('base64')
  return policy.includes(`style-src 'sha256-${hash}';`) ? body.replace(`<style>${sheet}</style>`, '') : body
}
