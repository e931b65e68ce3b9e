/** THREATS D1 to D3 and D14 to D16: a failing store. Nothing is forwarded, no guess is free, and the gate recovers by itself. */
import t, { type Test } from 'tap'
import { tokenDigest } from '../../../src/ids.ts'
import { sessionKey, sessionRecord, tokenKey } from '../../../src/session/records.ts'
import { type Running, startGateway } from '../../fixtures/in-process/gateway.ts'
import { shown } from '../../fixtures/in-process/shown.ts'
import { startUpstream, type Upstream } from '../../fixtures/in-process/upstream.ts'
import { type RedisProxy, startRedisProxy } from '../../fixtures/process/redis-proxy.ts'
import { type RedisServer, startRedis, until } from '../../fixtures/process/redis-server.ts'
import { guess, loginForm, password, post, readyz } from '../doors.ts'
import { type Row, tryAll } from '../table.ts'
import { accidents } from './accidents.ts'

/** How long a gate may take to notice. */
const noticeMs = 2_000
const problems: unknown[] = []

interface Ground {
  readonly gate: Running
  readonly upstream: Upstream
  readonly cookie: string
  readonly accountId: string
}

let grounds = 0

async function ground(t: Test, store: string): Promise<Ground> {
  // Several gates share one Redis, each with keys of its own.
  const extra = store.startsWith('redis') ? `redis: { keyPrefix: "${prefixOf(grounds++)}" }` : ''
  const upstream = await startUpstream(t)
  const apps = `  - { id: one, title: One, url: "http://one.localhost:PORT", upstream: "${upstream.origin}" }`
  const gate = await startGateway(t, { apps, store, extra })
  const account = await gate.account('alice')
  await gate.server.runtime.local.setPassword(account.id, password)
  const { cookies } = await gate.signIn(account, 'one')
  return { gate, upstream, cookie: cookies.one as string, accountId: account.id }
}

const prefixOf = (n: number) => `factorgate-${n}:`

const visit = ({ gate, cookie }: Ground, headers: Record<string, string> = {}) =>
  gate.request('GET', `${gate.origin('one')}/data`, { cookie, ...headers })

/** Within two seconds the gate refuses; from then on nothing at all arrives, and no password is judged. */
async function failsClosed(t: Test, here: Ground, form: Awaited<ReturnType<typeof loginForm>>): Promise<void> {
  const { gate, upstream } = here
  const began = Date.now()
  for (;;) {
    const asked = Date.now()
    const { status, headers } = await visit(here)
    t.ok(Date.now() - asked < noticeMs, `answered after ${Date.now() - asked} ms`)
    if (status === 503) {
      t.same([headers['factorgate-error'], Number(headers['retry-after']) > 0], ['store_unreachable', true])
      break
    }
    await new Promise(resolve => setTimeout(resolve, 20))
    if (Date.now() - began > noticeMs) return void t.fail(`still ${status} after ${Date.now() - began} ms`)
  }
  const before = upstream.bytes().length
  const answers = await Promise.all([
    visit(here),
    visit(here, { cookie: 'factorgate=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }),
    guess(gate, form, 'alice', password),
    guess(gate, form, 'alice', 'wrong horse battery'),
    guess(gate, form, 'nobody', password)
  ])
  t.same(
    answers.map(answer => answer.status),
    [503, 503, 503, 503, 503],
    'visits and guesses alike'
  )
  t.equal(await readyz(gate), 503)
  t.equal(upstream.bytes().length, before, 'nothing upstream')
}

const recovers = async (here: Ground) =>
  until('it serves again', async () => (await visit(here)).status === 200 && (await readyz(here.gate)) === 200)

t.test('a store that fails', async t => {
  const onUnhandled = (reason: unknown) => problems.push(reason)
  process.on('unhandledRejection', onUnhandled)
  t.teardown(() => process.off('unhandledRejection', onUnhandled))
  const redis = await startRedis(t, { args: ['--appendfsync', 'always'] })
  const proxy = await startRedisProxy(t, redis.port)
  const here = await ground(t, proxy.url)
  t.equal((await visit(here)).status, 200)
  await tryAll(t, onRedis(here, redis, proxy))
})

const relay = { kind: 'relay' } as const
const answering = (bytes: string) => ({ kind: 'answer', bytes }) as const

function onRedis(here: Ground, redis: RedisServer, proxy: RedisProxy): Row[] {
  const { gate, upstream } = here
  const troubles: [name: string, sicken: () => unknown, heal: () => unknown][] = [
    ['killed', () => redis.signal('SIGKILL'), () => redis.start()],
    ['frozen', () => redis.signal('SIGSTOP'), () => redis.signal('SIGCONT')],
    ...(
      [
        ['half-open', { kind: 'silence' }],
        ['five seconds late', { kind: 'delay', ms: 5_000 }],
        ['LOADING', answering('-LOADING Redis is loading the dataset in memory\r\n')],
        ['READONLY', answering("-READONLY You can't write against a read only replica.\r\n")],
        ['OOM', answering("-OOM command not allowed when used memory > 'maxmemory'.\r\n")],
        ['NOAUTH', answering('-NOAUTH Authentication required.\r\n')],
        ['MOVED', answering('-MOVED 3999 127.0.0.1:1\r\n')],
        ['garbage', answering('HTTP/1.1 400 Bad Request\r\n\r\n')]
      ] as const
    ).map(([name, mode]): [string, () => unknown, () => unknown] => [
      name,
      () => {
        proxy.mode = mode
      },
      () => {
        proxy.mode = relay
      }
    ])
  ]
  return [
    {
      id: 'D1',
      refs: '(ASVS 16.5.2, 16.5.3)',
      tried: 'Redis killed, frozen, half-open, late, answering LOADING READONLY OOM NOAUTH MOVED and garbage; flushed',
      safe: '503 inside two seconds, nothing upstream, no guess judged, serves again by itself; flushed: everybody signed out',
      async run(t) {
        for (const [name, sicken, heal] of troubles)
          await t.test(name, async t => {
            const form = await loginForm(gate)
            await sicken()
            await failsClosed(t, here, form)
            await heal()
            await recovers(here)
          })
        await t.test('flushed', async t => {
          await redis.cli('SWAPDB', '0', '1')
          // A store that was emptied under a running gate is refused, not taken for one without sessions (FIELD G19).
          await until('the store is refused', async () => (await visit(here)).status === 503)
          const before = upstream.bytes().length
          t.equal((await visit(here)).headers['factorgate-error'], 'store_unreachable')
          t.equal(upstream.bytes().length, before, 'nothing upstream')
          await redis.cli('SWAPDB', '0', '1')
          await recovers(here)
        })
        t.same(problems, [], 'and no promise was left to itself')
      }
    },
    {
      id: 'D2',
      refs: '',
      tried: 'guesses while the store answers reads and takes no write (a real Redis out of memory), on both factors',
      safe: '503, right or wrong: what cannot be counted is not checked',
      async run(t) {
        const account = await gate.account('bob')
        await gate.server.runtime.local.setPassword(account.id, password)
        const { cookies } = await gate.signIn(account)
        const half = await gate.server.runtime.sessions.start({
          accountId: account.id,
          proof: { kind: 'password', at: Date.now(), userVerified: false },
          device: { userAgent: 'test', address: '127.0.0.1' },
          host: new URL(gate.portal).host
        })
        t.ok(cookies.gate)
        const form = await loginForm(gate)
        const nonce = form.cookie
        const second = { cookie: `${nonce}; factorgate=${half.token}`, csrf: csrfFor(gate, nonce, half.token) }
        await redis.cli('CONFIG', 'SET', 'maxmemory', '1')
        for (const text of [password, 'wrong horse battery', password])
          t.equal((await guess(gate, form, 'bob', text)).status, 503, 'password')
        for (const path of ['totp', 'recovery'])
          for (const code of ['000000', 'abcd-efgh-ijkl-mnop'])
            t.equal((await post(gate, `/.factorgate/challenge/${path}`, second, { code })).status, 503, path)
        await redis.cli('CONFIG', 'SET', 'maxmemory', '0')
        await until('the guess is judged again', async () => (await guess(gate, form, 'bob', password)).status === 303)
      }
    },
    {
      id: 'D3',
      refs: '',
      tried:
        'session, token, account and password records that are no JSON, of another type, another shape, or half right; WRONGTYPE',
      safe: 'nobody is signed in by them, nothing upstream; another type is 503',
      async run(t) {
        for (const url of ['embedded:./store', proxy.url])
          await t.test(url.split(':')[0] as string, async t =>
            corrupted(t, await ground(t, url), url === proxy.url ? redis : null)
          )
      }
    },
    {
      id: 'D15',
      refs: '',
      tried: '200 visits by nobody with made-up cookies, 30 sign-in pages, 30 wrong names, 30 passkey challenges',
      safe: 'neither a visit nor a challenge leaves a key; guesses are bounded by the address',
      async run(t) {
        for (const url of ['embedded:./store', proxy.url])
          await t.test(url.split(':')[0] as string, async t => growth(t, await ground(t, url)))
      }
    },
    {
      id: 'D16',
      refs: '',
      tried: 'names that are commands, patterns, keys or a megabyte',
      safe: 'refused as any wrong name; nothing of them in a key, every key short, nothing lost',
      async run(t) {
        const kept = await ground(t, proxy.url)
        const form = await loginForm(kept.gate)
        const { store } = kept.gate.server.runtime
        await store.put('meta:canary', 'alive')
        const names = [
          'a\r\nFLUSHALL',
          '*',
          'user:alice',
          'account:*',
          '$(id)',
          '\u0000',
          '{session}:a',
          '../../x',
          '__proto__'
        ]
        for (const name of names) {
          const { status } = await guess(kept.gate, form, name, password)
          t.ok(status === 401 || status === 429, `${JSON.stringify(name)} is ${status}`)
        }
        t.equal((await guess(kept.gate, form, 'x'.repeat(1024 * 1024), password)).status, 413)
        t.equal((await guess(kept.gate, form, 'x'.repeat(12_000), password)).status < 500, true)
        t.equal(await store.get('meta:canary'), 'alive')
        for (const key of (await redis.cli('KEYS', '*')).split('\n')) {
          t.match(key, /^factorgate-\d+:[\w:@./=+-]+$/, 'a key is made of harmless signs')
          t.ok(Buffer.byteLength(key) <= 512 + 'factorgate-00:index:'.length)
        }
      }
    },
    {
      id: 'D14',
      refs: '',
      tried:
        'app breaks off mid-body, client breaks off mid-upload, 2,000 tiny frames, every Redis connection cut twenty times',
      safe: 'the process lives, says so, and serves',
      async run(t) {
        await accidents(t, proxy, prefixOf(grounds++))
        t.same(problems, [], 'no promise was left to itself')
      }
    }
  ]
}

/** The CSRF token that a page of this browser and session would carry. */
function csrfFor(gate: Running, nonceCookie: string, token: string): string {
  const nonce = nonceCookie.slice(nonceCookie.indexOf('=') + 1)
  return gate.server.runtime.keyring.mac('csrf', `${nonce}.${tokenDigest(token)}`)
}

async function corrupted(t: Test, here: Ground, redis: RedisServer | null): Promise<void> {
  const { gate, upstream, cookie, accountId } = here
  const { store } = gate.server.runtime
  const digest = tokenDigest(cookie.slice('factorgate='.length))
  const token = (await store.get(tokenKey(digest))) as string
  const { session: id } = JSON.parse(token) as { session: string }
  const keys = { session: sessionKey(id), token: tokenKey(digest), account: `account:${accountId}` }
  const originals = {
    session: (await store.get(keys.session)) as string,
    token,
    account: (await store.get(keys.account)) as string
  }
  const whole = JSON.parse(originals.session)
  const proofs = (change: object) =>
    JSON.stringify({ ...whole, proofs: whole.proofs.map((one: object) => ({ ...one, ...change })) })
  const without = (text: string, field: string) => JSON.stringify({ ...JSON.parse(text), [field]: undefined })
  const nonsense = [
    '',
    '{',
    'null',
    '[]',
    '"x"',
    '5',
    'true',
    '{"version":99}',
    '\u0000',
    '{"__proto__":{"proofs":[]}}'
  ]
  const cases: [keyof typeof keys, string][] = [
    ...nonsense.flatMap(text =>
      (['session', 'token', 'account'] as const).map((kind): [keyof typeof keys, string] => [kind, text])
    ),
    ...['proofs', 'expiresAt', 'generation', 'accountId', 'tokens', 'device'].map(
      (field): [keyof typeof keys, string] => ['session', without(originals.session, field)]
    ),
    ['session', proofs({ userVerified: 'false' })],
    ['session', proofs({ kind: 'mfa' })],
    ['session', proofs({ generation: '0' })],
    ['session', proofs({ at: null })],
    ['session', JSON.stringify({ ...whole, mfa: 'true', proofs: [] })],
    ['session', JSON.stringify({ ...whole, expiresAt: 'never' })],
    ['session', originals.session.replace(/"expiresAt":\d+/, '"expiresAt":1e999')],
    ['session', JSON.stringify({ ...whole, tokens: {} })],
    ['session', JSON.stringify({ ...whole, accountId: 'somebody-else' })],
    ...['session', 'host', 'generation'].map((field): [keyof typeof keys, string] => ['token', without(token, field)]),
    ['token', JSON.stringify({ ...JSON.parse(token), generation: '1' })],
    ['token', JSON.stringify({ ...JSON.parse(token), host: `other.localhost:${gate.port}` })],
    ...['id', 'name', 'groups', 'directory', 'suspended'].map((field): [keyof typeof keys, string] => [
      'account',
      without(originals.account, field)
    ])
  ]
  t.equal((await visit(here)).status, 200, 'whole records open')
  t.ok(sessionRecord.parse(originals.session))
  for (const [kind, text] of cases) {
    await store.put(keys[kind], text)
    await until('the change has arrived', async () => (await visit(here)).status !== 200)
    const seen = upstream.bytes().length
    const { status, headers } = await visit(here)
    t.equal(status, 401, `${kind}: ${shown(text.slice(0, 60))}`)
    t.match(headers['factorgate-error'], /^(sign_in|second_factor)_required$/)
    t.equal(upstream.bytes().length, seen, 'nothing upstream')
    await store.put(keys[kind], originals[kind])
    await until('it is whole again', async () =>
      gate.server.runtime.sessions.find(`one.localhost:${gate.port}`, cookie.slice(11)).then(Boolean)
    )
  }
  const form = await loginForm(gate)
  for (const text of ['', '{}', '{"hash":""}', '{"hash":true}', '{"hash":"$argon2id$"}', 'null']) {
    await store.put(`password:${accountId}`, text)
    const { status } = await guess(gate, form, 'alice', password)
    t.ok(status === 401 || status === 429, `password record ${text}: ${status}`)
  }
  if (redis === null) return
  const key = prefixOf(grounds - 1) + keys.session
  await redis.cli('DEL', key)
  await redis.cli('LPUSH', key, 'x')
  await until('the list has been met', async () => (await visit(here)).status === 503)
  const seen = upstream.bytes().length
  t.equal((await visit(here)).status, 503)
  t.equal(upstream.bytes().length, seen, 'nothing upstream')
}

async function growth(t: Test, here: Ground): Promise<void> {
  const { gate, upstream } = here
  const { store } = gate.server.runtime
  const keys = async () => {
    const all = new Map<string, number | null>()
    for await (const { key, ttlSeconds } of store.scan('')) all.set(key, ttlSeconds)
    return all
  }
  const before = await keys()
  const random = () => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')
  for (let round = 0; round < 4; round++)
    await Promise.all(
      Array.from({ length: 50 }, (_, n) => visit(here, { cookie: n % 2 ? `factorgate=${random()}` : 'factorgate=x' }))
    )
  const forms = await Promise.all(Array.from({ length: 30 }, () => loginForm(gate)))
  const added = [...(await keys()).keys()].filter(key => !before.has(key))
  t.same(added, [], 'visits and pages leave nothing')
  const [form] = forms as [Awaited<ReturnType<typeof loginForm>>]
  for (let n = 0; n < 30; n++) await guess(gate, form, `nobody-${n}`, 'x')
  const guessed = [...(await keys()).keys()].filter(key => key.startsWith('attempts:'))
  const held = guessed.filter(key => !key.startsWith('attempts:newcomers:'))
  t.ok(held.length <= 25, `${held.length} networks’ counters for 30 names: the address was held back`)
  t.ok(guessed.length <= 2 * held.length, 'and one more a name, for all strangers')
  const headers = { 'content-type': 'application/json', origin: gate.portal, cookie: form.cookie }
  for (let n = 0; n < 30; n++)
    await gate.request(
      'POST',
      `${gate.portal}/.factorgate/webauthn/options?for=login`,
      headers,
      JSON.stringify({ csrf: form.csrf })
    )
  const ceremonies = [...(await keys()).keys()].filter(key => key.startsWith('ceremony'))
  t.same(ceremonies, [], 'a challenge for nobody leaves nothing')
  t.equal(upstream.bytes().length, 0, 'nothing upstream')
}
