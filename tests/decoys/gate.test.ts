/** Decoys in the whole gate: a touch is acted on before the app sees anything, whoever is led there is spared, and a served file names its reader. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { causeOf, type Suspension } from '../../src/identity/suspension.ts'
import type { Entered, Principal } from '../../src/session/principal.ts'
import { commandAt } from '../fixtures/in-process/command.ts'
import { echoApp, navigation, type Running, startGateway, tokenAt } from '../fixtures/in-process/gateway.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'

const codeOf = (answer: { headers: Record<string, unknown> }) => answer.headers['factorgate-error']
const program = { 'user-agent': 'curl/8.9' }
const here = { ...navigation, 'sec-fetch-site': 'none' }

async function journal(gate: Running, kind = 'watch.decoy'): Promise<Record<string, unknown>[]> {
  await gate.server.runtime.journal.flush()
  return readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
    .filter(line => line.kind === kind)
}

t.test('decoys', async t => {
  const { url, seen } = await echoApp(t)
  const app = (id: string, more: string) =>
    `  - { id: ${id}, url: "http://${id}.localhost:PORT", upstream: "${url}", ${more} }`
  const apps = [
    app(
      'files',
      'decoys: [/finance/**, { path: /old/passwords.csv, serve: csv }, { path: /api/patients/99999, then: [journal, notify] }, { path: /download, query: { dir: /finance/** } }, { path: /vault, then: [cut] }, { path: /keys.txt, serve: txt, then: [step-up] }]'
    ),
    app('trial', 'enforce: report, decoys: [/finance/**]'),
    app('shut', 'rules: [{ path: /finance/**, access: deny }, { access: mfa }], decoys: [/finance/**]'),
    app(
      'open',
      'rules: [{ access: public }], decoys: [{ path: /staff.json, serve: json, content: people }], onDecoy: { then: [suspend], exempt: { users: [scanner] } }'
    ),
    app('later', 'title: Later')
  ].join('\n')
  let aheadMs = 0
  const gate = await startGateway(t, {
    apps,
    clock: () => Date.now() + aheadMs,
    extra:
      'trustedProxies: [127.0.0.1]\nwatch: { decoys: { exempt: { groups: [crawlers] } } }\nnotify: { webhooks: [{ url: "http://127.0.0.1:9/hook", secret: "0123456789abcdef0123456789abcdef", events: [watch] }] }'
  })
  const { accounts, sessions } = gate.server.runtime
  let number = 0
  const person = async (groups?: readonly string[], name = `person${++number}`) => {
    const account = await gate.account(name, groups)
    const { cookies, principal } = await gate.signIn(account, 'files', 'trial', 'shut', 'open', 'later')
    const get = (where: string, headers: Record<string, string> = program, method = 'GET') => {
      const [host = '', rest] = [where.split('/')[0], where.slice(where.indexOf('/'))]
      return gate.request(method, gate.origin(host) + rest, { cookie: cookies[host], ...headers })
    }
    const suspension = async () => (await accounts.byId(account.id))?.suspended ?? null
    return { account, name, cookies, get, suspension, session: principal.session.id }
  }

  t.test('B1 · a session opens a decoy → its account is suspended, and the app sees nothing', async t => {
    const alice = await person(undefined, 'alice')
    const before = seen.length
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => alice.get('files/finance/2024/a.xlsx', { ...here, accept: 'text/html' }))
    )
    const codes = answers.map(codeOf)
    t.equal(codes[0], 'account_suspended')
    t.match(answers[0]?.body, 'Your access is suspended')
    t.notMatch(answers[0]?.body, 'class="who"', 'nobody is signed in any more')
    // The session has ended for a request that came a moment later.
    t.same(
      codes.filter(code => code !== 'account_suspended' && code !== 'sign_in_required'),
      []
    )
    t.match(
      answers[0]?.body,
      /The app files has a decoy that nobody has business opening: \/finance\/\*\*\. It was opened with this account/
    )
    t.equal(seen.length, before)
    t.equal(causeOf((await alice.suspension()) as Suspension), 'decoy')
    t.equal((await alice.get('files/')).status, 401, 'the session has ended')
    const touches = await journal(gate)
    t.match(touches, [
      { name: 'alice', app: 'files', decoy: '/finance/**', outcome: 'touched', steps: 'journal,notify,suspend' }
    ])
    t.match(touches[0], { path: '/finance/2024/a.xlsx', isTold: true, why: /nobody has business touching/ })
    const changes = (await journal(gate, 'user.change')).filter(({ outcome }) => outcome === 'suspended')
    t.match(changes, [{ name: 'alice', by: 'watch', cause: 'decoy' }], 'once, for five requests at once')
  })

  t.test('any spelling and method touches it, whatever the rules say (B1)', async t => {
    const touches: [string, string, Record<string, string>][] = [
      ['GET', 'files/FINANCE/a', program],
      ['GET', 'files/x/..%2ffinance/a', program],
      ['HEAD', 'files/finance', program],
      ['POST', 'files/finance/a', program],
      ['GET', 'files/download?dir=%2Ffinance', program],
      ['OPTIONS', 'files/finance/a?_method=GET', program],
      ['MOVE', 'files/mine', { ...program, destination: '/finance/mine' }],
      ['GET', 'shut/finance/a', program],
      ['GET', 'open/staff.json', program]
    ]
    for (const [method, where, headers] of touches) {
      const somebody = await person()
      const before = seen.length
      await somebody.get(where, headers, method)
      t.not(await somebody.suspension(), null, `${method} ${where}`)
      t.equal(seen.length, before, 'the app sees nothing')
    }
  })

  t.test('listing a folder, asking about a decoy and being exempt are no touch', async t => {
    const bob = await person(undefined, 'bob')
    const fine: [string, string, Record<string, string>][] = [
      ['OPTIONS', 'files/finance/a', program],
      ['PROPFIND', 'files/finance', { ...program, depth: '1' }],
      ['PROPFIND', 'files/', { ...program, depth: 'infinity' }],
      ['GET', 'files/', program],
      ['GET', 'files/finances', program]
    ]
    for (const [method, where, headers] of fine)
      t.equal((await bob.get(where, headers, method)).status, 200, `${method} ${where}`)
    t.equal(await bob.suspension(), null)
    const crawler = await person(['researchers', 'crawlers'])
    t.equal((await crawler.get('files/finance/a')).status, 200)
    const scanner = await person(undefined, 'scanner')
    t.match((await scanner.get('open/staff.json')).body, /"salary"/)
    t.match([await crawler.suspension(), await scanner.suspension()], [null, null])
    const names = (await journal(gate)).map(({ name }) => name)
    t.notOk(names.some(name => ['bob', crawler.name, 'scanner'].includes(String(name))))
  })

  t.test(
    'B2 · a page of another site leads a browser to a decoy → the person is not suspended, and gets nothing',
    async t => {
      const carol = await person(undefined, 'carol')
      const before = seen.length
      const ways: [string, Record<string, string>][] = [
        ['files/finance/x', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
        ['files/finance/x', { ...navigation, 'sec-fetch-site': 'cross-site' }],
        ['files/finance/x', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'no-cors' }],
        ['files/old/passwords.csv', { ...here, 'sec-purpose': 'prefetch' }]
      ]
      for (const [where, headers] of ways) {
        const answer = await carol.get(where, headers)
        t.match([answer.status, codeOf(answer)], [403, 'not_allowed'])
      }
      t.equal(seen.length, before)
      t.equal(await carol.suspension(), null)
      t.equal((await carol.get('files/')).status, 200)
      const lines = (await journal(gate)).filter(({ name }) => name === 'carol')
      t.match(lines, [
        { outcome: 'led', led: 'other_site', isTold: true, steps: 'journal,notify' },
        { led: 'prefetch' }
      ])
      t.equal(lines.length, 2, 'repeated touches of one decoy are one line')
    }
  )

  t.test('after a sign-in nobody is sent to a decoy (B2)', async t => {
    const stranger = await gate.request('GET', `${gate.origin('files')}/finance/x`, here)
    t.equal(stranger.status, 302)
    const login = await gate.request('GET', String(stranger.headers.location), navigation)
    t.notMatch(login.body + JSON.stringify(login.headers), /finance/)
    const dora = await person()
    const rd = encodeURIComponent(`${gate.origin('files')}/finance/x`)
    const begun = await gate.request('GET', `${gate.portal}/.factorgate/login?rd=${rd}`, {
      ...navigation,
      cookie: dora.cookies.gate
    })
    t.notMatch(begun.headers.location ?? '', /finance/, 'nor by a link to the sign-in page')
    for (const back of ['/finance/x', '/%66inance/x', `${gate.origin('files')}/finance/x`]) {
      const language = `${gate.origin('files')}/.factorgate/language?back=${encodeURIComponent(back)}`
      const chosen = await gate.request('GET', language, { ...navigation, cookie: dora.cookies.files })
      t.equal(chosen.status, 200)
      t.notMatch(chosen.body, /inance/, `nor by a link to the page of languages: ${back}`)
    }
  })

  t.test('B3 · a stranger asks for decoys again and again → one line in ten minutes', async t => {
    for (let i = 0; i < 50; i++) await gate.request('GET', `${gate.origin('files')}/finance/${i}`, program)
    const lines = (await journal(gate)).filter(({ outcome }) => outcome === 'stranger')
    t.match(lines, [{ address: '127.0.0.1', decoy: '/finance/**', isTold: false }])
    t.equal(lines.length, 1)
  })

  t.test('B4 · somebody has the password and no second factor → nobody is suspended', async t => {
    const erna = await gate.account('erna')
    const host = `gate.localhost:${gate.port}`
    const { principal } = await sessions.start({
      accountId: erna.id,
      proof: { kind: 'password', at: Date.now(), userVerified: false },
      device: { userAgent: 'test', address: '127.0.0.1' },
      host
    })
    const token = await tokenAt(sessions, principal, `files.localhost:${gate.port}`)
    const answer = await gate.request('GET', `${gate.origin('files')}/finance/x`, {
      ...program,
      cookie: `factorgate=${token}`
    })
    t.equal(codeOf(answer), 'second_factor_required')
    t.equal((await accounts.byId(erna.id))?.suspended, null)
    const [line] = (await journal(gate)).filter(({ name }) => name === 'erna')
    t.match(line, { outcome: 'half_way', steps: 'journal,notify', isTold: true })
  })

  t.test('a row that is only told of goes to the app, and an app that only reports stops nobody', async t => {
    const finn = await person()
    t.equal((await finn.get('files/api/patients/99999')).status, 200)
    t.equal((await finn.get('trial/finance/a')).status, 200)
    t.equal(await finn.suspension(), null)
    const lines = (await journal(gate)).filter(({ name }) => name === finn.name)
    t.match(lines, [
      { outcome: 'touched', steps: 'journal,notify' },
      { outcome: 'reported', steps: 'journal,notify' }
    ])
  })

  t.test('cut ends this sign-in, and step-up asks each session for a proof before anything goes on', async t => {
    const gerd = await person()
    t.equal(codeOf(await gerd.get('files/vault')), 'not_allowed')
    t.equal((await gerd.get('files/')).status, 401)
    t.equal(await gerd.suspension(), null)
    t.match((await journal(gate, 'session.end')).at(-1), { session: gerd.session, by: 'watch' })

    const hanna = await gate.account('hanna')
    const host = `files.localhost:${gate.port}`
    const device = { userAgent: 'test', address: '127.0.0.1' }
    const at = Date.now() - 600_000
    const begun = await sessions.start({
      accountId: hanna.id,
      proof: { kind: 'password', at, userVerified: false },
      device,
      host: `gate.localhost:${gate.port}`
    })
    const prove = async (principal: Principal, time: number) => {
      const entered = await sessions.prove(principal, { kind: 'totp', at: time, userVerified: false })
      const token = await tokenAt(sessions, (entered as Entered).principal, host)
      const get = async (where: string) => {
        const answer = await gate.request('GET', `http://${host}${where}`, {
          cookie: `factorgate=${token}`,
          ...program
        })
        return codeOf(answer) ?? answer.body.slice(0, 16)
      }
      return { get, principal: (entered as Entered).principal }
    }
    const old = await prove(begun.principal, at)
    t.equal(await old.get('/keys.txt'), 'unusual_proof_required')
    t.equal(await old.get('/'), 'unusual_proof_required', 'nothing else goes on either')
    const fresh = await prove(old.principal, Date.now() + 1)
    t.match(await fresh.get('/'), /^\{"method"/)
    t.equal(await fresh.get('/keys.txt'), 'Service accounts', 'right after a proof there is the file')
  })

  t.test('forward-auth refuses a touch', async t => {
    const jan = await person()
    const verdict = (uri: string) =>
      gate.request('GET', `${gate.origin('files')}/.factorgate/auth`, {
        cookie: jan.cookies.files,
        ...program,
        'x-original-url': `${gate.origin('files')}${uri}`,
        'x-original-method': 'GET'
      })
    t.equal((await verdict('/docs')).status, 200)
    const answer = await verdict('/finance/x')
    t.match([answer.status, codeOf(answer)], [403, 'account_suspended'])
    t.not(await jan.suspension(), null)
  })

  t.test('a reload brings decoys and takes them away', async t => {
    const lena = await person()
    t.equal((await lena.get('later/secret')).status, 200)
    await gate.server.reload(await gate.load(apps.replace('title: Later', 'decoys: [/secret]')))
    t.equal(codeOf(await lena.get('later/secret')), 'account_suspended')
    await gate.server.reload(await gate.load(apps.replace('decoys: [/finance/**, {', 'decoys: [{')))
    const max = await person()
    t.equal((await max.get('files/finance/a')).status, 200)
    t.equal(await max.suspension(), null)
  })

  t.test('a served file names its reader, who is suspended with it in hand', async t => {
    const ida = await person(undefined, 'ida')
    const file = await ida.get('files/old/passwords.csv', here)
    t.match([file.status, file.headers['content-type']], [200, 'text/csv; charset=utf-8'])
    t.match(file.body, /^System,Account,Password,Changed\r\n/)
    t.not(await ida.suspension(), null)
    const otto = await person(undefined, 'otto')
    const copy = await otto.get('files/old/passwords.csv')
    t.not(copy.body, file.body)
    await accounts.remove(otto.account.id)
    // In this minute the journal may have had as many lines of strangers as it takes.
    aheadMs = 61_000
    const stranger = await gate.request('GET', `${gate.origin('open')}/staff.json`, program)
    t.equal(stranger.status, 200)
    const head = await gate.request('HEAD', `${gate.origin('open')}/staff.json`, program)
    t.match([head.body, head.headers['content-length']], ['', stranger.headers['content-length']])
    t.equal((await (await person()).get('open/staff.json', program, 'PUT')).status, 405)

    // A command has the embedded store for itself: in one process with the gate it could wait for the gate's own write.
    await gate.server.close()
    const mark = async (input: string, ...more: string[]) =>
      commandAt(gate.configFile, [input])('watch', 'mark', ...more)
    const row = file.body.split('\r\n')[7] as string
    const said = await mark(row)
    t.equal(said.code, 0, said.stderr)
    t.match(said.stdout, /^ida: \/old\/passwords\.csv of files; asked for .* from 127\.0\.0\.1 \(\w{4}-\w{4}\)\n$/)
    t.match(JSON.parse((await mark(file.body, '--json')).stdout), [{ user: 'ida', account: ida.account.id }])
    t.match((await mark(copy.body)).stdout, /^otto: /, 'a person who is gone is found by the journal')
    t.match((await mark(stranger.body)).stdout, /^a stranger at 127\.0\.0\.1: \/staff\.json of open/)
    const none = await mark('nothing of the sort')
    t.match([none.code, none.stdout], [1, ''])
  })

  // The gate is closed here, for the same reason.
  t.test('explain tells an operator of a decoy', async t => {
    await gate.load(apps)
    const explain = (where: string, ...more: string[]) =>
      commandAt(gate.configFile)('explain', '--url', `${gate.origin('files')}${where}`, '--user', 'kim', ...more)
    const told = await explain('/finance/x', '--group', 'researchers')
    t.match(
      told.stdout,
      /^refuse {2}account_suspended\n\n {2}This address is a decoy \(\/finance\/\*\*\), so kim is suspended at once/
    )
    t.match(told.stdout, /\n {2}rules {2}forward {2}by rule 1\n/)
    t.match(told.stdout, /a stranger +challenge {2}sign_in_required: .*; the touch is written to the journal\n/)
    t.match(told.stdout, /led there +gets 403 not_allowed and stays as they are/)
    t.match(told.stdout, 'factorgate user resume NAME --why TEXT\n')
    t.equal(told.code, 1)
    const exempt = await explain('/finance/x', '--group', 'crawlers')
    t.match([exempt.code, exempt.stdout], [0, /^forward {2}by rule 1\n.*\n.*but kim is exempt, so nothing happens\./])
    const headings: [string, RegExp, ...string[]][] = [
      ['/old/passwords.csv', /^serve {2}a made-up csv file\n.*so kim is suspended at once/s],
      ['/vault', /^refuse {2}not_allowed\n.*so kim is signed out at once/s],
      ['/api/patients/99999', /^forward {2}by rule 1\n.*and nothing stops kim: the touch is .* told to operators/s],
      [
        '/keys.txt',
        /^challenge {2}unusual_proof_required: .*\n.*is asked for a second factor again/s,
        '--proof',
        'totp@5m'
      ],
      ['/keys.txt', /^serve {2}a made-up txt file\n.*and nothing stops kim/s, '--proof', 'totp@5s'],
      [
        '/finance/x',
        /^challenge {2}second_factor_required: .*shown no second factor.* stops nobody/s,
        '--proof',
        'password@5m'
      ],
      ['/finance/x', /^forward {2}by rule 1\n.*but OPTIONS only asks about it/s, '--method', 'OPTIONS'],
      ['/finance/x', /^refuse {2}account_suspended\n/, '--method', 'OPTIONS', '--header', 'X-HTTP-Method-Override: GET']
    ]
    for (const [where, expected, ...more] of headings)
      t.match((await explain(where, '--group', 'researchers', ...more)).stdout, expected, `${where} ${more.join(' ')}`)
    const keys = await explain('/keys.txt', '--group', 'researchers', '--json', '--proof', 'totp@5m')
    t.match(JSON.parse(keys.stdout), {
      decision: { kind: 'challenge', reason: 'unusual_proof_required' },
      decoy: { serve: 'txt', steps: ['step-up'], rules: { kind: 'forward' } }
    })
    const trial = await commandAt(gate.configFile)(
      'explain',
      '--url',
      `${gate.origin('trial')}/finance/x`,
      '--user',
      'kim',
      '--group',
      'x'
    )
    t.match(trial.stdout, /^forward {2}by rule 1\n.*but the app only reports/s)
    const open = await commandAt(gate.configFile)('explain', '--url', `${gate.origin('open')}/staff.json`)
    t.match(
      open.stdout,
      /^serve {2}a made-up json file\n.*nobody is signed in, so the touch is only written to the journal/s
    )
    t.notMatch((await explain('/docs', '--group', 'researchers')).stdout, /decoy/)
    const odd = `/x${'/%2e%2e;a//b%5c%2525'.repeat(40)}`
    const unreadable = await explain(`/download?dir=${odd}`, '--group', 'researchers')
    t.match(
      unreadable.stdout,
      /too many readings to tell whether it touches a decoy.*so the gate answers 400 and suspends nobody/
    )
    t.match((await explain(`/download?dir=${odd}`, '--group', 'crawlers')).stdout, /exempt, so the rules decide alone/)
  })
})

t.test('while the store does not answer, the journal does not call somebody with a cookie a stranger', async t => {
  const { url, seen } = await echoApp(t)
  const redis = await startRedis(t)
  const gate = await startGateway(t, {
    store: redis.url,
    apps: `  - { id: files, url: "http://files.localhost:PORT", upstream: "${url}", decoys: [/finance/**] }`
  })
  const { cookies } = await gate.signIn(await gate.account('alice'), 'files')
  await redis.signal('SIGKILL')
  const touch = (headers: Record<string, string>) => gate.request('GET', `${gate.origin('files')}/finance/x`, headers)
  t.equal((await touch({ ...program, cookie: cookies.files as string })).status, 503)
  t.equal((await touch(program)).status, 401)
  t.equal(seen.length, 0)
  t.match(await journal(gate), [
    {
      outcome: 'unknown',
      steps: 'journal',
      why: /^Somebody asked for .* The store did not answer, so the gate does not know who/
    },
    { outcome: 'stranger' }
  ])
})
