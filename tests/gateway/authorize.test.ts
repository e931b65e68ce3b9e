/**
 * The same questions to all callers of `authorize()`: in-line enforcement, forward-auth, return addresses and `factorgate
 * explain`. If the answer of one caller differs, the row says so.
 */
import t, { type Test } from 'tap'
import { ReturnTargets } from '../../src/apps/return-targets.ts'
import { RouteTable } from '../../src/apps/route-table.ts'
import type { Budget } from '../../src/budgets/budget.ts'
import { settle } from '../../src/budgets/ledger.ts'
import { ledgerId, ledgerRecord } from '../../src/budgets/ledger-record.ts'
import { run } from '../../src/cli/run.ts'
import { turnDial } from '../../src/posture/dial-record.ts'
import type { PostureLevel } from '../../src/posture/posture.ts'
import { tighteningOf } from '../../src/posture/tightening-of.ts'
import { toApp } from '../../src/services/app-options.ts'
import { postureTermsOf } from '../../src/services/posture-terms.ts'
import type { Principal } from '../../src/session/sessions.ts'
import { StoreUnreachable } from '../../src/store/store.ts'
import { askRecord } from '../../src/unusual/asks.ts'
import { echoApp, navigation, type Running, startGateway } from '../fixtures/in-process/gateway.ts'
import { TestClock } from '../fixtures/in-process/memory-store.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'

const askers = ['in line', 'forward-auth', 'return addresses', 'explain'] as const
type Asker = (typeof askers)[number]

interface Question {
  readonly method?: string
  /** The first part of the host, as in `one.localhost`. */
  readonly host?: string
  readonly uri: string
  readonly headers?: Readonly<Record<string, string>>
  /** `stale`: with the cookie of a session that has ended. */
  readonly who?: 'nobody' | 'stale' | 'alice'
  /** The age of Alice's password and code. */
  readonly minutesAgo?: number
  /** True if Alice has done what the watch stops. */
  readonly spends?: boolean
  readonly name?: string
  /** Her second factor. Default: totp. */
  readonly factor?: 'webauthn'
  /** Her groups. Default: researchers. */
  readonly groups?: readonly string[]
}

/** One answer for all callers, or with exceptions. */
type Expected = string | ({ readonly all: string } & Partial<Record<Asker, string>>)

const rows: readonly (readonly [string, Question, Expected])[] = [
  ['a public path, for nobody', { uri: '/public/x' }, 'forward'],
  ['a path for people, for nobody', { uri: '/x' }, 'sign_in_required'],
  ['a path for people, for one of them', { uri: '/x', who: 'alice' }, 'forward'],
  ['a session that has ended', { uri: '/x', who: 'stale' }, 'sign_in_required'],
  ['a denied path', { uri: '/admin/x', who: 'alice' }, 'not_allowed'],
  ['a denied path, for nobody', { uri: '/admin/x' }, 'not_allowed'],
  ['a denied path in another spelling', { uri: '/public/..%2fADMIN/x', who: 'alice' }, 'not_allowed'],
  ['a fresh proof where one is asked for', { uri: '/fresh/x', who: 'alice', minutesAgo: 4 }, 'forward'],
  [
    'an old proof where a fresh one is asked for',
    { uri: '/fresh/x', who: 'alice', minutesAgo: 6 },
    'fresh_proof_required'
  ],
  ['a code where a passkey is asked for', { uri: '/keys/x', who: 'alice' }, 'other_factor_required'],
  ['HEAD by a rule for GET', { method: 'HEAD', uri: '/read/x' }, 'forward'],
  ['HEAD, for nobody', { method: 'HEAD', uri: '/x' }, 'sign_in_required'],
  ['DELETE by a rule for GET', { method: 'DELETE', uri: '/read/x', who: 'alice' }, 'not_allowed'],
  ['DELETE in the query of a POST', { method: 'POST', uri: '/send/x?_method=DELETE', who: 'alice' }, 'not_allowed'],
  ['a word in `_method` that is no method', { method: 'POST', uri: '/send/x?_method=list', who: 'alice' }, 'forward'],
  [
    'DELETE in an override header: in line the app never receives it',
    { method: 'POST', uri: '/send/x', headers: { 'x-http-method-override': 'DELETE' }, who: 'alice' },
    { all: 'forward', 'forward-auth': 'not_allowed' }
  ],
  ['MOVE within what is open', { method: 'MOVE', uri: '/x', headers: { destination: '/y' }, who: 'alice' }, 'forward'],
  [
    'MOVE into a denied path',
    { method: 'MOVE', uri: '/x', headers: { destination: '/admin/y' }, who: 'alice' },
    'not_allowed'
  ],
  [
    'COPY into a denied path, spelled with a host',
    { method: 'COPY', uri: '/x', headers: { destination: 'http://ONE.localhost:PORT/x/..%2fadmin/y' }, who: 'alice' },
    'not_allowed'
  ],
  [
    'COPY to where a passkey is asked for',
    { method: 'COPY', uri: '/x', headers: { destination: '/keys/y' }, who: 'alice' },
    'other_factor_required'
  ],
  ['a destination of a GET', { uri: '/x', headers: { destination: '/admin/y' }, who: 'alice' }, 'not_allowed'],
  [
    'COPY into another app',
    { method: 'COPY', uri: '/x', headers: { destination: 'http://two.localhost:PORT/nb/y' }, who: 'alice' },
    'bad_request'
  ],
  [
    'a path of two apps',
    { host: 'two', uri: '/nb/..%2fother/x' },
    { all: 'ambiguous_target', 'return addresses': 'nowhere' }
  ],
  ['a host of nobody', { host: 'foreign', uri: '/x' }, { all: 'misdirected', 'return addresses': 'nowhere' }],
  ['a path of no app', { host: 'two', uri: '/x' }, { all: 'no_such_app', 'return addresses': 'nowhere' }],
  [
    'a path of the gate’s own that looks like an app’s',
    { host: 'gate', uri: '/.factorgate/..%2fnb' },
    { all: 'ambiguous_target', 'return addresses': 'nowhere' }
  ],
  [
    'a page of the gate’s own, which a proxy must hand to the gate',
    { host: 'gate', uri: '/.factorgate/jwks.json' },
    { all: 'own', 'forward-auth': 'not_allowed' }
  ],
  ['an app in maintenance', { host: 'rest', uri: '/public/x' }, 'app_maintenance'],
  ['an app in maintenance, for nobody', { host: 'rest', uri: '/x' }, 'sign_in_required'],
  ['an app in maintenance, a denied path', { host: 'rest', uri: '/admin/x' }, 'not_allowed'],
  [
    'a service worker beside the portal',
    { host: 'gate', uri: '/nb/sw.js', headers: { 'service-worker': 'script' } },
    'not_allowed'
  ],
  ['a service worker on an app’s host', { uri: '/public/sw.js', headers: { 'service-worker': 'script' } }, 'forward']
]

/** The same app in another posture. */
const postures: readonly (readonly [Exclude<PostureLevel, 'normal'>, string, Question, string])[] = [
  ['elevated', 'a public path, for nobody', { uri: '/public/x' }, 'forward'],
  ['elevated', 'a code, where a passkey is asked for now', { uri: '/x', who: 'alice' }, 'other_factor_required'],
  ['elevated', 'a passkey', { uri: '/x', who: 'alice', factor: 'webauthn', minutesAgo: 14 }, 'forward'],
  [
    'elevated',
    'an old passkey',
    { uri: '/x', who: 'alice', factor: 'webauthn', minutesAgo: 16 },
    'fresh_proof_required'
  ],
  [
    'elevated',
    'a passkey within half of the rule’s time',
    { uri: '/fresh/x', who: 'alice', factor: 'webauthn', minutesAgo: 2 },
    'forward'
  ],
  [
    'elevated',
    'a passkey after half of the rule’s time',
    { uri: '/fresh/x', who: 'alice', factor: 'webauthn', minutesAgo: 3 },
    'fresh_proof_required'
  ],
  ['elevated', 'a denied path', { uri: '/admin/x', who: 'alice', factor: 'webauthn' }, 'not_allowed'],
  ['elevated', 'nobody', { uri: '/x' }, 'sign_in_required'],
  ['lockdown', 'a public path, for nobody', { uri: '/public/x' }, 'sign_in_required'],
  ['lockdown', 'nobody', { uri: '/x' }, 'sign_in_required'],
  ['lockdown', 'a person of another group', { uri: '/x', who: 'alice', factor: 'webauthn' }, 'lockdown'],
  ['lockdown', 'a public path, for such a person', { uri: '/public/x', who: 'alice' }, 'lockdown'],
  ['lockdown', 'a denied path, for such a person', { uri: '/admin/x', who: 'alice' }, 'not_allowed'],
  [
    'lockdown',
    'MOVE from a denied path',
    { method: 'MOVE', uri: '/x', headers: { destination: '/admin/y' }, who: 'alice' },
    'not_allowed'
  ],
  [
    'lockdown',
    'one of the group that it lets in',
    { uri: '/x', who: 'alice', groups: ['researchers', 'operators'], factor: 'webauthn' },
    'forward'
  ],
  [
    'lockdown',
    'one of that group, with a code',
    { uri: '/x', who: 'alice', groups: ['researchers', 'operators'] },
    'other_factor_required'
  ],
  [
    'lockdown',
    'one of that group whom the rules do not let in',
    { uri: '/x', who: 'alice', groups: ['operators'], factor: 'webauthn' },
    'not_allowed'
  ]
]

/** Only for in-line enforcement and forward-auth: the others need neither store nor journal. */
const outages: readonly (readonly [string, Question, 'store' | 'journal', string])[] = [
  ['the store is down: a public path needs no session', { uri: '/public/x', who: 'stale' }, 'store', 'forward'],
  ['the store is down: a path for people', { uri: '/x', who: 'stale' }, 'store', 'store_unreachable'],
  ['the store is down: a denied path', { uri: '/admin/x', who: 'stale' }, 'store', 'store_unreachable'],
  ['the store is down: nobody, without a cookie', { uri: '/x' }, 'store', 'sign_in_required'],
  ['the journal is full: what would be forwarded', { uri: '/public/x' }, 'journal', 'journal_unwritable'],
  ['the journal is full: what would not', { uri: '/x' }, 'journal', 'sign_in_required']
]

const rules = `[{ path: /public/**, access: public }, { path: /read/**, methods: [GET], access: public },
      { path: /read/**, access: deny }, { path: /send/**, methods: [DELETE], access: deny },
      { path: /drop/**, methods: [DELETE], access: mfa, factors: [webauthn] }, { path: /admin/**, access: deny }, { path: /fresh/**, access: mfa, within: 5m }, { path: /keys/**, access: mfa, factors: [webauthn] },
      { groups: [researchers], access: mfa }]`

const staleCookie = `factorgate=${'A'.repeat(43)}`

async function start(t: Test, watch = '') {
  const time = new TestClock(Date.now())
  const app = await echoApp(t)
  const gate = await startGateway(t, {
    apps: `  - { id: one, url: "http://one.localhost:PORT", upstream: "${app.url}", rules: ${rules} }
  - { id: rest, url: "http://rest.localhost:PORT", upstream: "${app.url}", maintenance: {}, rules: ${rules} }
  - { id: nb, url: "http://two.localhost:PORT/nb", upstream: "${app.url}", rules: ${rules} }
  - { id: other, url: "http://two.localhost:PORT/other", upstream: "${app.url}", rules: ${rules} }
  - { id: beside, url: "http://gate.localhost:PORT/nb", upstream: "${app.url}", rules: [{ access: public }] }`,
    extra: `trustedProxies: [127.0.0.1]\n${watch}`,
    // `explain` runs in this process, and two of one process that write one LMDB folder would wait for each other for ever.
    store: (await startRedis(t)).url,
    clock: time.read
  })
  const alice = await gate.account('alice')
  const { apps, portal } = await gate.load()
  const all = apps.map(one => toApp(one, portal.url.origin))
  const terms = postureTermsOf({ watch: null })
  const destinations = new ReturnTargets(
    new RouteTable({ apps: all, portalOrigin: portal.url.origin }),
    all,
    time.read,
    {
      tighteningOf: tighteningOf(app => gate.server.runtime.postures.level(app), terms),
      demands: {
        on({ id, isGuarded = false }, _permit, who) {
          const { unusual, budgets } = gate.server.runtime
          return unusual?.demandOn(who, isGuarded) ?? budgets?.demandOn({ id, isGuarded }, who, null) ?? null
        }
      }
    }
  )
  return { time, app, gate, alice, destinations }
}
type Fixture = Awaited<ReturnType<typeof start>>

/** One function per caller that asks it. They return `forward`, `own`, or the code of a challenge or refusal. */
function ask(fixture: Fixture, question: Question, cookie: string, principal: Principal | null) {
  const { gate, destinations, time } = fixture
  const { method = 'GET', host = 'one', uri } = question
  const filled = Object.entries(question.headers ?? {}).map(([name, value]) => [name, withPort(value, gate)] as const)
  const headers = Object.fromEntries(filled)
  const url = gate.origin(host) + uri
  const sent = { ...navigation, ...headers, ...(cookie === '' ? {} : { cookie }) }
  const verdictOf = (answer: { status: number; headers: Record<string, unknown> }) =>
    answer.status === 200 ? 'forward' : String(answer.headers['factorgate-error'])

  return {
    async 'in line'() {
      const answer = await gate.request(method, url, sent)
      return uri.startsWith('/.factorgate/') && answer.status === 200 ? 'own' : verdictOf(answer)
    },
    async 'forward-auth'() {
      const original = { 'x-original-url': url, 'x-original-method': method }
      return verdictOf(await gate.request('GET', `${gate.origin('one')}/.factorgate/auth`, { ...sent, ...original }))
    },
    async 'return addresses'() {
      if (destinations.accept(url) === null) return 'nowhere'
      const found = destinations.requirementFor(url, principal, '127.0.0.1', { method, headers })
      if (found === null) return 'own'
      return found.access.kind === 'forward' ? 'forward' : found.access.reason
    },
    async explain() {
      const age = question.minutesAgo ?? 0
      const person = [
        '--user',
        question.name ?? 'alice',
        ...(question.groups ?? ['researchers']).flatMap(group => ['--group', group]),
        '--proof',
        `password@${age}m`,
        '--proof',
        `${question.factor ?? 'totp'}@${age}m`
      ]
      const args = ['explain', '--config', gate.configFile, '--url', url, '--method', method, '--json']
      let stdout = ''
      let stderr = ''
      const code = await run(
        [
          ...args,
          ...filled.flatMap(([name, value]) => ['--header', `${name}: ${value}`]),
          ...(principal === null ? [] : person)
        ],
        {
          stdout: text => {
            stdout += text
          },
          stderr: text => {
            stderr += text
          },
          env: {},
          cwd: gate.folder,
          isTTY: false,
          clock: time.read,
          wait: async () => {}
        }
      )
      if (stdout === '') throw new Error(stderr)
      const { decision } = JSON.parse(stdout)
      const passes = decision.kind === 'forward' || decision.kind === 'own'
      if (passes !== (code === 0)) throw new Error(`${decision.kind} ended with ${code}`)
      return decision.kind === 'forward' ? 'forward' : decision.reason
    }
  } satisfies Record<Asker, () => Promise<string>>
}

const withPort = (text: string, gate: Running) => text.replaceAll('PORT', String(gate.port))

t.test('the same question has the same answer', async t => {
  const fixture = await start(t)
  const { gate, alice, time } = fixture
  for (const [title, question, expected] of rows) {
    const { who = 'nobody', host = 'one', minutesAgo = 0 } = question
    const signedIn = who === 'alice' ? await gate.signIn(alice, host) : null
    time.advance(minutesAgo * 60)
    const cookie = signedIn?.cookies[host] ?? (who === 'stale' ? staleCookie : '')
    const asked = ask(fixture, question, cookie, signedIn?.principal ?? null)
    for (const asker of askers) {
      const wanted = typeof expected === 'string' ? expected : (expected[asker] ?? expected.all)
      t.equal(await asked[asker](), wanted, `${title}: ${asker}`)
    }
  }
})

t.test('and so it has in every posture', async t => {
  const fixture = await start(t)
  const { gate, alice, time } = fixture
  const { runtime } = gate.server
  for (const [level, title, question, expected] of postures) {
    const { who = 'nobody', minutesAgo = 0, groups = ['researchers'], factor = 'totp' } = question
    await runtime.accounts.update(alice.id, { groups })
    await turnDial(runtime.store, { level: 'normal', app: null, why: 'test', by: 'test', until: null }, time.now)
    const signedIn = who === 'alice' ? await gate.signInWith(alice, factor, 'one') : null
    time.advance(minutesAgo * 60)
    await turnDial(runtime.store, { level, app: 'one', why: 'test', by: 'test', until: null }, time.now)
    await runtime.postures.read()
    const asked = ask(fixture, question, signedIn?.cookies.one ?? '', signedIn?.principal ?? null)
    for (const asker of askers) t.equal(await asked[asker](), expected, `${level}: ${title}: ${asker}`)
  }
})

/** What the watch demands. */
const watched: readonly (readonly [string, Budget['steps'] | 'unusual', Question, string])[] = [
  ['nothing has happened', ['cut'], { uri: '/x', who: 'alice' }, 'forward'],
  ['a budget that is passed', ['cut'], { uri: '/x', who: 'alice', spends: true }, 'budget_spent'],
  ['a public path, for that person', ['cut'], { uri: '/public/x', who: 'alice', spends: true }, 'budget_spent'],
  ['another person’s public path', ['cut'], { uri: '/public/x', spends: true }, 'forward'],
  ['a denied path, for that person', ['cut'], { uri: '/admin/x', who: 'alice', spends: true }, 'not_allowed'],
  ['a budget that only tells', ['notify'], { uri: '/x', who: 'alice', spends: true }, 'forward'],
  ['a budget that asks', ['step-up'], { uri: '/x', who: 'alice', spends: true }, 'budget_proof_required'],
  ['something unusual', 'unusual', { uri: '/x', who: 'alice', spends: true }, 'unusual_proof_required'],
  ['something unusual, for nobody', 'unusual', { uri: '/public/x', spends: true }, 'forward']
]

t.test('and so it has where the watch demands something', async t => {
  const fixture = await start(
    t,
    'watch: { budgets: [{ id: cut, per: person, app: one, window: 1h, bytes: 1000B, then: [cut] }, { id: step-up, per: person, app: one, window: 1h, bytes: 1000B, then: [step-up] }, { id: notify, per: person, app: one, window: 1h, bytes: 1000B, then: [notify] }], unusual: {} }'
  )
  const { gate, time } = fixture
  const { runtime } = gate.server
  for (const [n, [title, what, question, expected]] of watched.entries()) {
    const alice = await gate.account(`alice-${n}`)
    const signedIn = question.who === 'alice' ? await gate.signIn(alice, 'one') : null
    time.advance(1)
    const { store, budgets } = runtime
    if (question.spends === true && what === 'unusual') await askRecord.put(store, alice.id, { at: time.now }, 3600)
    else if (question.spends === true) {
      const budget = budgets!.all.find(({ id }) => id === what[0])!
      const report = {
        process: 'other',
        account: alice.id,
        paths: [],
        led: 0,
        ownPaths: null,
        begun: 0,
        slowed: 0,
        isWanting: false
      }
      const spent = { ...report, spent: 2000, proofAt: time.now - 1000, signedInAt: time.now - 1000 }
      await ledgerRecord.put(store, ledgerId(budget, alice.id), settle(null, budget, spent, time.now).ledger, 3600)
    }
    time.advance(1)
    const asked = ask(
      fixture,
      { ...question, name: `alice-${n}`, minutesAgo: 1 },
      signedIn?.cookies.one ?? '',
      signedIn?.principal ?? null
    )
    // A gate reads with the first request what others have counted.
    const who = { account: alice.id, session: signedIn?.principal.session.id ?? null, proofs: [] }
    if (signedIn !== null)
      budgets!.open({ app: 'one', path: '/', who, isGuarded: false, isEnforced: true, isLed: false }, null, null)
    await runtime.unusual!.load(alice.id)
    await budgets!.flush()
    for (const asker of askers) t.equal(await asked[asker](), expected, `${title}: ${asker}`)
  }
})

t.test('and so it has while something is out of service', async t => {
  const fixture = await start(t)
  const { store, journal } = fixture.gate.server.runtime
  const { get } = store
  for (const [title, question, outage, expected] of outages) {
    if (outage === 'journal') Object.defineProperty(journal, 'writable', { value: false, configurable: true })
    else
      store.get = async () => {
        throw new StoreUnreachable('The store is away.')
      }
    const asked = ask(fixture, question, question.who === 'stale' ? staleCookie : '', null)
    for (const asker of ['in line', 'forward-auth'] as const)
      t.equal(await asked[asker](), expected, `${title}: ${asker}`)
    store.get = get
    Reflect.deleteProperty(journal, 'writable')
  }
})

const script = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: '*/*' }
const form = { ...navigation, 'sec-fetch-site': 'same-origin' }

/** A title, the request, the return address, and what the portal learns of the stopped request. */
const ways: readonly (readonly [string, Question, string, string?])[] = [
  ['a page', { uri: '/x?y=1', headers: navigation }, '/x?y=1'],
  ['HEAD of a page', { method: 'HEAD', uri: '/x?y=1', headers: navigation }, '/x?y=1'],
  ['a form: its page', { method: 'POST', uri: '/x', headers: { ...form, referer: 'HERE/page' } }, '/page'],
  [
    'a form of another site: the front page',
    { method: 'POST', uri: '/x', headers: { ...form, referer: 'http://evil.test/' } },
    '/'
  ],
  ['a script: its page', { uri: '/data.json', headers: { ...script, referer: 'HERE/page' } }, '/page'],
  ['a script without a page: the front page', { uri: '/data.json', headers: script }, '/'],
  ['in an app below a prefix', { host: 'two', method: 'POST', uri: '/nb/x', headers: script }, '/nb/'],
  [
    'a script’s MOVE to where a passkey is asked for',
    { method: 'MOVE', uri: '/x', headers: { ...script, destination: '/keys/y' }, who: 'alice' },
    '/',
    'MOVE HERE/x /keys/y'
  ],
  [
    'a script’s POST to where a passkey is asked for',
    { method: 'POST', uri: '/keys/x', headers: { ...script, referer: 'HERE/page' }, who: 'alice' },
    '/page',
    'POST HERE/keys/x'
  ],
  ['a page where a passkey is asked for', { uri: '/keys/x', headers: navigation, who: 'alice' }, '/keys/x']
]

t.test('a challenge leads back to the same place, whoever asked', async t => {
  const fixture = await start(t)
  const { gate, alice } = fixture
  for (const [title, question, rd, ask] of ways) {
    const { method = 'GET', host = 'one', uri, who } = question
    const here = (text: string) => text.replaceAll('HERE', gate.origin(host))
    const { cookies } = who === 'alice' ? await gate.signIn(alice, host) : { cookies: {} as Record<string, string> }
    const headers: Record<string, string> = Object.fromEntries(
      Object.entries(question.headers ?? {}).map(([name, value]) => [name, here(value)])
    )
    if (cookies[host] !== undefined) headers.cookie = cookies[host]
    const original = {
      'x-forwarded-host': new URL(gate.origin(host)).host,
      'x-forwarded-uri': uri,
      'x-forwarded-method': method
    }
    const inLine = await gate.request(method, gate.origin(host) + uri, headers)
    const asked = await gate.request('GET', `${gate.origin(host)}/.factorgate/auth`, { ...headers, ...original })
    for (const [asker, answer] of [['in line', inLine] as const, ['forward-auth', asked] as const]) {
      const link = /href="([^"]*\/(?:login|challenge)\?[^"]*)"/.exec(answer.body)?.[1]?.replaceAll('&amp;', '&')
      const url = answer.headers.location ?? link ?? JSON.parse(answer.body).error.challengeUrl
      const query = new URL(url).searchParams
      t.equal(query.get('rd'), gate.origin(host) + rd, `${title}: ${asker}`)
      t.equal(query.get('ask'), ask === undefined ? null : here(ask), `${title}: ${asker} tells what was stopped`)
      if (who !== 'alice') continue
      const page = await gate.request('GET', url, { ...navigation, cookie: cookies.gate as string })
      t.equal(page.status, 403, `${title}: ${asker}: the portal asks for it; 303 would be a way in circles`)
    }
  }
})

t.test('behind a proxy the portal is told what an override header names', async t => {
  const { gate, alice } = await start(t)
  const { cookies } = await gate.signIn(alice, 'one')
  const headers = { ...script, cookie: cookies.one as string, 'x-http-method-override': 'DELETE' }
  const url = `${gate.origin('one')}/drop/x`
  t.equal((await gate.request('POST', url, headers)).status, 200, 'in line the app does not receive it')
  const original = { 'x-original-url': url, 'x-original-method': 'POST' }
  const asked = await gate.request('GET', `${gate.origin('one')}/.factorgate/auth`, { ...headers, ...original })
  t.equal(asked.headers['factorgate-error'], 'other_factor_required')
  const on = asked.headers.location as string
  t.equal(new URL(on).searchParams.get('ask'), `POST,DELETE ${url}`)
  const page = await gate.request('GET', on, { ...navigation, cookie: cookies.gate as string })
  t.equal(page.status, 403, 'the portal asks for it; 303 would be a way in circles')
})
