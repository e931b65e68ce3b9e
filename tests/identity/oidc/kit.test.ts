/** A real provider (`oidc-provider`) with its accounts, over TLS with an authority of its own. */
import https from 'node:https'
import t from 'tap'
import { type GateBrowser, type OidcGate, type Page, startOidcGate } from '../../fixtures/in-process/oidc-gate.ts'
import { textOf } from '../../fixtures/pipeline/visitor.ts'
import { type InstitutionKit, lacksKit, startKit } from '../../fixtures/process/institution-kit.ts'

const mfa = 'mfa: { acr: ["https://refeds.org/profile/mfa"], amr: [mfa, otp, hwk] }'

let kit: InstitutionKit
let gate: OidcGate

const entry = (id: string, clientId: string, secret: string, more = '') =>
  `  - { id: ${id}, kind: oidc, issuer: "https://127.0.0.1:${kit.port}", clientId: "${clientId}", clientSecret: ${JSON.stringify(secret)}, ca: "${kit.ca}", realm: ${id}, ${mfa}${more} }`

t.test('with a real provider', { skip: lacksKit('oidc') }, async t => {
  kit = await startKit(t, 'oidc')
  gate = await startOidcGate(t, [
    entry('gate', 'gate', 'gate-secret'),
    entry('two', 'gate:two', 's%3A/+ &=:"'),
    entry('post', 'gate-post', 'gate-secret', ', clientAuthentication: client_secret_post'),
    entry('par', 'gate-par', 'gate-secret'),
    entry('es', 'gate-es', 'gate-secret'),
    entry('ed', 'gate-ed', 'gate-secret'),
    entry('pair', 'gate-pair', 'gate-secret'),
    entry('wrong', 'gate', 'another-secret'),
    entry('roles', 'gate', 'gate-secret', ', claims: { name: eduperson_principal_name, groups: realm_access.roles }')
  ])

  t.test('each way in which a client can be registered', async t => {
    for (const id of ['gate', 'two', 'post', 'par', 'es', 'ed', 'pair']) {
      const page = await signIn(gate.browser(), id, 'alice', '123456')
      t.equal(page.status, 200, `${id}: ${page.body}`)
      t.match(JSON.parse(page.body).headers, { 'remote-user': `alice@${id}`, 'remote-groups': 'staff,operators' }, id)
    }
    const page = await signIn(gate.browser(), 'wrong', 'alice', '123456')
    t.same([page.status, page.headers['factorgate-error']], [403, 'institution_answer_invalid'])
    t.match(gate.said(), /does not take clientId and clientSecret/)
  })

  t.test('each account', async t => {
    const is = async (name: string, code: string, id = 'gate') => signIn(gate.browser(), id, name, code)
    for (const name of ['nomfa', 'contradiction'])
      t.match((await is(name, '123456')).url, /\/challenge/, `${name}: a second factor is asked for here`)
    for (const name of ['entra', 'many', 'overage', 'strange'])
      t.equal((await is(name, '123456')).status, 200, `${name}: the second factor there counts`)
    t.match((await is('bob', '')).url, /\/challenge/, 'without one')
    t.equal((await is('renamed', '123456')).headers['factorgate-error'], 'institution_name_taken')
    t.equal((await is('jürgen', '123456')).headers['factorgate-error'], 'institution_name_invalid')
    t.equal((await is('unverified', '123456')).status, 200)
    const { accounts } = gate.server.runtime
    t.equal((await accounts.byName('unverified@gate'))?.email, null, 'an address that is not confirmed')
    t.equal((await accounts.byName('many@gate'))?.groups.length, 600)
    t.same((await accounts.byName('strange@gate'))?.groups, ['staff'])
    t.equal((await accounts.byName('strange@gate'))?.displayName, 'Str X-Remote-User: root')
  })

  t.test('keys that change between sign-ins, whether the old ones stay or not', async t => {
    for (const query of ['', '?drop=1', '?drop=1']) {
      await control(`rotate${query}`)
      t.equal((await signIn(gate.browser(), 'gate', 'alice', '123456')).status, 200, query)
    }
  })

  t.test('a sign-out here leads to the sign-out there and back', async t => {
    const browser = gate.browser()
    await signIn(browser, 'gate', 'bob', '123456')
    const out = await browser.submit(await browser.go(`${gate.portal}/.factorgate/account`), /logout/)
    t.match(out.location, new RegExp(`^https://127.0.0.1:${kit.port}/session/end`))
    const asked = await there(out.location!, new Map())
    t.match([asked.status, asked.body], [200, /session\/end\/confirm/])
  })

  t.test('a provider that goes away stops nobody who is signed in, and takes people again when it is back', async t => {
    const browser = gate.browser()
    const page = await signIn(browser, 'gate', 'alice', '123456')
    await kit.stop()
    t.equal((await browser.go(page.url)).status, 200)
    const start = await gate.browser().go(`${gate.portal}/.factorgate/login/par`)
    t.same([start.status, start.headers['factorgate-error']], [503, 'institution_unreachable'])
    t.match(textOf(start.body), /is not answering/)
    await kit.start()
    t.equal((await signIn(gate.browser(), 'par', 'alice', '123456')).status, 200)
  })
})

t.test(
  'with a provider that says acr and amr only when asked, and tells of sign-outs',
  { skip: lacksKit('oidc') },
  async t => {
    let told = ''
    const { createServer } = await import('node:http')
    // The provider wants the address at its start, before the gate has one.
    const relay = createServer((request, response) => {
      let body = ''
      request.on('data', part => {
        body += part
      })
      request.on('end', async () => {
        const answer = await gate.request('POST', told, { 'content-type': request.headers['content-type'] }, body)
        response.writeHead(answer.status, { 'cache-control': 'no-store' }).end(answer.body)
      })
    })
    await new Promise<void>(resolve => relay.listen(0, '127.0.0.1', resolve))
    t.teardown(() => relay.close())
    const { port } = relay.address() as import('node:net').AddressInfo
    kit = await startKit(t, 'oidc', { STRICT: '1', BACKCHANNEL_URI: `http://127.0.0.1:${port}/` })
    gate = await startOidcGate(t, [entry('gate', 'gate', 'gate-secret')])
    told = `${gate.portal}/.factorgate/login/gate/backchannel-logout`
    const browser = gate.browser()
    const page = await signIn(browser, 'gate', 'alice', '123456')
    t.equal(page.status, 200, 'the second factor was asked for')
    t.match(await control('logout?login=alice'), /ok/)
    const after = await browser.go(`${gate.portal}/.factorgate/account`)
    t.match(after.url, /\/login/)
  }
)

t.test('the watch asks for a sign-in there that is newer than the question', { skip: lacksKit('oidc') }, async t => {
  kit = await startKit(t, 'oidc')
  gate = await startOidcGate(t, [entry('gate', 'gate', 'gate-secret')], {
    extra: 'watch: { budgets: [{ id: few, per: person, app: files, window: 1h, requests: 4, then: [step-up] }] }'
  })
  const browser = gate.browser()
  const jar = new Map<string, string>()
  const data = `${gate.origin('files')}/data`
  t.equal((await signIn(browser, 'gate', 'alice', '123456', jar)).status, 200)
  let page = await browser.go(data)
  for (let i = 0; i < 12 && page.status === 200 && page.url === data; i++) page = await browser.go(data)
  const [, href = ''] = /href="([^"]*)"[^>]*>\s*Confirm at/.exec(page.body) ?? []
  const { location } = await browser.go(new URL(href.replaceAll('&amp;', '&'), page.url).href)
  const form = await there(location!, jar)
  t.match(
    form.body,
    /type="password"|name="password"/,
    'the provider asks anew, although the person is signed in there'
  )
  const back = await there(form.url, jar, new URLSearchParams({ login: 'alice', password: 'lab', code: '123456' }))
  const end = await browser.go(back.url)
  t.same([end.status, end.url], [200, data])
})

/** Signs in at the kit's page, on the way to the app. */
async function signIn(
  browser: GateBrowser,
  id: string,
  name: string,
  code: string,
  jar = new Map<string, string>()
): Promise<Page> {
  const page = await browser.go(
    `${gate.portal}/.factorgate/login/${id}?${new URLSearchParams({ rd: `${gate.origin('files')}/` })}`
  )
  const { location } = page
  if (location === null) return page
  const form = await there(location, jar)
  const back = await there(form.url, jar, new URLSearchParams({ login: name, password: 'lab', code }))
  return browser.go(back.url)
}

interface There {
  readonly url: string
  readonly status: number
  readonly body: string
}

/** A page of the kit, or the address of the gate that it leads to. */
async function there(address: string, jar: Map<string, string>, fields?: URLSearchParams): Promise<There> {
  let url = new URL(address)
  let body = fields?.toString()
  for (let hops = 0; hops < 12; hops++) {
    if (url.port !== String(kit.port)) return { url: url.href, status: 0, body: '' }
    const answer = await call(url, jar, body)
    body = undefined
    if (answer.location === undefined) return { url: url.href, status: answer.status, body: answer.body }
    url = new URL(answer.location, url)
  }
  throw new Error('too many redirects at the provider')
}

function call(url: URL, jar: Map<string, string>, body?: string) {
  const headers = {
    accept: 'text/html',
    cookie: [...jar].map(pair => pair.join('=')).join('; '),
    ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' })
  }
  return new Promise<{ status: number; location: string | undefined; body: string }>((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST'
    const request = https.request(url, { method, headers, ca: kit.read('tls/ca.pem'), agent: false }, answer => {
      let text = ''
      for (const line of answer.headers['set-cookie'] ?? []) {
        const [name = '', ...value] = line.split(';')[0]!.split('=')
        if (value.join('=') === '') jar.delete(name)
        else jar.set(name, value.join('='))
      }
      answer.on('data', part => {
        text += part
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, location: answer.headers.location, body: text }))
    })
    request.setTimeout(60_000, () => request.destroy(new Error(`no answer from ${url.href}`)))
    request.on('error', reject).end(body)
  })
}

async function control(what: string): Promise<string> {
  return (await call(new URL(`https://127.0.0.1:${kit.port}/_control/${what}`), new Map(), '')).body
}
