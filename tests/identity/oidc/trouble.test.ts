/** A provider in trouble, or with too many requests: people read that it does not answer and when to come back, and the log says where. */
import type http from 'node:http'
import t from 'tap'
import { entryOf, startOidcGate } from '../../fixtures/in-process/oidc-gate.ts'
import { startOidcProvider } from '../../fixtures/in-process/oidc-provider.ts'

const html = { 'content-type': 'text/html' }
const json = { 'content-type': 'application/json' }

interface Case {
  readonly at: string
  readonly answer: readonly [status: number, headers: http.OutgoingHttpHeaders, body: string]
  readonly said: RegExp
  readonly retry: string
}

const cases: Record<string, Case> = {
  'a page that says to come back': {
    at: '/token',
    answer: [503, { ...html, 'retry-after': '120' }, '<h1>Sorry</h1>'],
    said: /\/token answered 503$/,
    retry: '120'
  },
  'no time named': { at: '/token', answer: [502, html, ''], said: /\/token answered 502$/, retry: '10' },
  'a wait of a day': {
    at: '/token',
    answer: [503, { ...html, 'retry-after': '86400' }, ''],
    said: /\/token answered 503$/,
    retry: '600'
  },
  'a wait that is no number': {
    at: '/token',
    answer: [503, { ...html, 'retry-after': 'soon' }, ''],
    said: /\/token answered 503$/,
    retry: '10'
  },
  'too many requests, as a page': {
    at: '/token',
    answer: [429, { ...html, 'retry-after': '60' }, 'slow down'],
    said: /\/token answered 429$/,
    retry: '60'
  },
  'too many requests, as an error of OAuth': {
    at: '/token',
    answer: [429, { ...json, 'retry-after': '7' }, '{"error":"rate_limited"}'],
    said: /\/token refused the gate’s request: "rate_limited"$/,
    retry: '7'
  },
  'too many requests for the person’s data': {
    at: '/userinfo',
    answer: [429, html, ''],
    said: /\/userinfo answered 429$/,
    retry: '10'
  },
  'too many requests for the keys': {
    at: '/jwks',
    answer: [429, { ...html, 'retry-after': '30' }, ''],
    said: /\/jwks answered 429$/,
    retry: '30'
  },
  'too many requests for the metadata': {
    at: '/.well-known/openid-configuration',
    answer: [429, { ...html, 'retry-after': '30' }, ''],
    said: /openid-configuration answered 429$/,
    retry: '30'
  }
}

for (const [title, { at, answer, said, retry }] of Object.entries(cases))
  t.test(title, async t => {
    const provider = await startOidcProvider(t)
    const gate = await startOidcGate(t, [entryOf('campus', provider)])
    const [status, headers, body] = answer
    // An ID token without the name makes the gate ask for the person's data.
    provider.lies = {
      idToken: ({ preferred_username: _, ...claims }) => claims,
      handle: (path, response) => path === at && Boolean(response.writeHead(status, headers).end(body))
    }
    const browser = gate.browser()
    const start = await browser.go(`${gate.portal}/.factorgate/login/campus`)
    const page = start.location === null ? start : await browser.go(provider.authorize(start.location))
    t.same([page.status, page.headers['factorgate-error']], [503, 'institution_unreachable'])
    t.equal(page.headers['retry-after'], retry)
    t.match(
      gate.log.find(line => line.code === 'institution_unreachable'),
      { institution: 'campus', detail: said }
    )
  })

t.test('a provider that limits pushed requests gets plain ones, unless it takes no others', async t => {
  for (const isMust of [false, true]) {
    const provider = await startOidcProvider(t)
    provider.lies = {
      metadata: metadata => ({
        ...metadata,
        pushed_authorization_request_endpoint: `${provider.issuer}/par`,
        require_pushed_authorization_requests: isMust
      }),
      handle: (path, response) =>
        path === '/par' && Boolean(response.writeHead(429, { ...html, 'retry-after': '40' }).end('slow down'))
    }
    const gate = await startOidcGate(t, [entryOf('campus', provider)])
    const start = await gate.browser().go(`${gate.portal}/.factorgate/login/campus`)
    if (isMust) t.same([start.status, start.headers['retry-after']], [503, '40'])
    else {
      t.match(new URL(start.location!).searchParams.get('redirect_uri'), /\/campus\/callback$/)
      t.match(gate.said(), /\/par answered 429/)
    }
  }
})

t.test('a page in the place of an answer is named with its address and kind', async t => {
  const provider = await startOidcProvider(t)
  const gate = await startOidcGate(t, [entryOf('campus', provider)])
  provider.lies = {
    handle: (path, response) => path === '/token' && Boolean(response.writeHead(200, html).end('<h1>Maintenance</h1>'))
  }
  const page = await gate.browser().signIn('campus', provider)
  t.equal(page.headers['factorgate-error'], 'institution_answer_invalid')
  t.match(
    gate.log.find(line => line.code === 'institution_answer_invalid')?.detail,
    /\/token answered 200 \("text\/html"\)/
  )
})

t.test('/readyz names a provider in trouble until it answers again, and the gate serves on', async t => {
  const provider = await startOidcProvider(t)
  const gate = await startOidcGate(t, [entryOf('campus', provider), entryOf('other', provider, 'realm: other')])
  const health = () => gate.server.checkHealth()
  t.same(await health(), { problem: null, warnings: [] })
  provider.lies = { handle: (_, response) => Boolean(response.writeHead(503, html).end()) }
  await gate.browser().go(`${gate.portal}/.factorgate/login/campus`)
  provider.lies = { handle: (_, response) => Boolean(response.destroy()) }
  await gate.browser().go(`${gate.portal}/.factorgate/login/other`)
  const { problem, warnings } = await health()
  t.equal(problem, null)
  t.match(warnings, [
    /^campus does not work: http:\S+\/openid-configuration answered 503$/,
    /^other does not work: http:\S+\/openid-configuration: .*(?:hang up|ECONNRESET|broke off)/
  ])
  provider.lies = {}
  // A new configuration asks at once, without the pause after a failure.
  await gate.server.reload(await gate.load())
  for (const id of ['campus', 'other']) t.ok((await gate.browser().signIn(id, provider)).status < 500)
  t.same(await health(), { problem: null, warnings: [] })
  provider.lies = { handle: (path, response) => path === '/token' && Boolean(response.writeHead(502, html).end()) }
  await gate.browser().signIn('campus', provider)
  t.match((await health()).warnings, [/^campus does not work: http:\S+\/token answered 502$/])
  provider.lies = {}
  await gate.browser().signIn('campus', provider)
  t.same((await health()).warnings, [])
})
