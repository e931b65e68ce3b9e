/** The watch on people in the whole gate: a script that walks through the work of others meets a question for a proof, in each session. */
import { readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import t, { type Test } from 'tap'
import { settle } from '../../src/budgets/ledger.ts'
import { ledgerId, ledgerRecord } from '../../src/budgets/ledger-record.ts'
import { askRecord } from '../../src/unusual/asks.ts'
import { thresholds } from '../../src/unusual/thresholds.ts'
import { ask, echoApp, type Running, startGateway, tokenAt } from '../fixtures/in-process/gateway.ts'
import { sampleTotp } from '../fixtures/in-process/sample-credential.ts'
import { live } from '../fixtures/in-process/watched-lab.ts'
import { until } from '../fixtures/process/redis-server.ts'

const maxRequests = 20_000

async function watched(t: Test, extra = '{ learn: 0s }') {
  const { url, seen } = await echoApp(t)
  const gate = await startGateway(t, {
    apps: `  - { id: files, url: "http://files.localhost:PORT", upstream: "${url}" }`,
    extra: `watch: { unusual: ${extra} }`
  })
  const account = await gate.account('alice')
  return { gate, account, seen }
}

const codeOf = (answer: { headers: Record<string, unknown> }) => answer.headers['factorgate-error']

/** Asks for one record after the other, until the gate says no. Returns how many it got. */
async function walk(
  gate: Running,
  cookie: string,
  client = 'test',
  spell = (path: string) => path
): Promise<{ got: number; code: unknown }> {
  // A connection for each request would take a quarter more processor time.
  const agent = new http.Agent({ keepAlive: true })
  const headers = { cookie, 'user-agent': client }
  for (let got = 0; got < maxRequests; got += 20) {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        ask(
          gate.port,
          'GET',
          gate.origin('files') + spell(`/records/p${got % 300}/${got + i}`),
          headers,
          undefined,
          agent
        )
          // Where the sign-in ends, what runs is cut.
          .catch(() => ({ headers: { 'factorgate-error': 'cut' } }))
      )
    )
    const refused = answers.find(answer => codeOf(answer) !== undefined)
    if (refused !== undefined) return { got, code: codeOf(refused) }
  }
  return { got: maxRequests, code: undefined }
}

function journal(gate: Running, kind: string): Record<string, unknown>[] {
  return readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
    .filter(line => line.kind === kind)
}

t.test('a script is asked for a proof, and only its own session goes on with one', async t => {
  const { gate, account } = await watched(t)
  const script = await gate.signIn(account, 'files')
  const other = await gate.signIn(account, 'files')
  const { got, code } = await walk(gate, script.cookies.files as string)
  t.equal(code, 'unusual_proof_required', `after ${got} requests`)

  const { sessions, journal: written } = gate.server.runtime
  const page = () => gate.request('GET', `${gate.origin('files')}/`, { cookie: other.cookies.files })
  t.equal(codeOf(await page()), 'unusual_proof_required', 'other sessions of the person are asked too')

  const host = `files.localhost:${gate.port}`
  const entered = await sessions.prove(script.principal, { kind: 'totp', at: Date.now() + 1, userVerified: false })
  const again = `factorgate=${await tokenAt(sessions, entered!.principal, host)}`
  const open = await gate.request('GET', `${gate.origin('files')}/`, { cookie: again })
  t.equal(open.status, 200, 'the session that has shown a proof goes on')
  t.equal(codeOf(await page()), 'unusual_proof_required', 'the other one does not')

  await written.flush()
  const line = journal(gate, 'watch.unusual').find(({ outcome }) => outcome === 'alarming')
  const told = { steps: 'journal,step-up', isTold: false }
  t.match(line, { name: 'alice', app: 'files', ...told }, 'without the key notify nobody is told')
  t.match(line?.why, /\d+ .*usual/)
  t.ok(Number(line?.score) >= thresholds.alarming)
})

t.test('O12 · a script spells each address so that it looks like one → it is asked as any other is', async t => {
  const { gate, account } = await watched(t)
  const plain = await walk(gate, (await gate.signIn(account, 'files')).cookies.files as string)
  const spellings = [
    (path: string) => '/'.repeat(1200) + path.slice(1),
    (path: string) => `/item?pad=${'x'.repeat(1200)}&path=${encodeURIComponent(path)}`
  ]
  for (const [n, spell] of spellings.entries()) {
    const other = await gate.account(`script-${n}`)
    const { cookies } = await gate.signIn(other, 'files')
    const { got, code } = await walk(gate, cookies.files as string, 'test', spell)
    t.equal(code, 'unusual_proof_required', `${n}: after ${got} requests`)
    t.ok(got <= 2 * plain.got, `${n}: ${got}, and ${plain.got} in plain words`)
  }
})

t.test('O5 · nobody can say whether a proof is asked → guarded apps answer 503, and others serve', async t => {
  const { url } = await echoApp(t)
  const gate = await startGateway(t, {
    apps: `  - { id: files, url: "http://files.localhost:PORT", upstream: "${url}" }
  - { id: vault, url: "http://vault.localhost:PORT", upstream: "${url}", guarded: true }`,
    extra: 'trustedProxies: [127.0.0.1]\nwatch: { unusual: { learn: 0s } }'
  })
  const { runtime } = gate.server
  const [alice, bob] = [await gate.account('alice'), await gate.account('bob')]
  const newer = JSON.stringify({ v: 99, question: 'of a newer release' })
  await runtime.store.put(`unusual:ask:${alice.id}`, newer)
  const [{ cookies }, other] = [await gate.signIn(alice, 'files', 'vault'), await gate.signIn(bob, 'vault')]
  const verdict = { 'x-original-url': `http://vault.localhost:${gate.port}/`, 'x-original-method': 'GET' }
  const page = (host: string, cookie = cookies[host]) => gate.request('GET', `${gate.origin(host)}/`, { cookie })
  t.equal((await page('files')).status, 200)
  const refused = await page('vault')
  t.match([refused.status, codeOf(refused)], [503, 'record_too_new'], 'the store answers, and its record is too new')
  t.ok(Number(refused.headers['retry-after']) > 0)
  const asked = await gate.request('GET', `${gate.origin('vault')}/.factorgate/auth`, {
    cookie: cookies.vault,
    ...verdict
  })
  t.equal(asked.status, 503, 'a verdict too')
  t.equal((await page('vault', other.cookies.vault)).status, 200, 'other people are not concerned')
  t.equal((await page('files')).status, 200)
  t.equal(await runtime.store.get(`unusual:ask:${alice.id}`), newer, 'the record stays as it is')
  await runtime.store.delete(`unusual:ask:${alice.id}`)
  await page('vault')
  t.equal((await page('vault')).status, 200, 'and serve again when it can be said')
})

t.test(
  'the first request to a guarded app waits until the store has said whether a proof is asked; no later one does',
  async t => {
    const { url, seen } = await echoApp(t)
    const gate = await startGateway(t, {
      apps: `  - { id: files, url: "http://files.localhost:PORT", upstream: "${url}" }
  - { id: vault, url: "http://vault.localhost:PORT", upstream: "${url}", guarded: true, decoys: [{ path: /keys, then: [journal] }] }`,
      extra:
        'watch: { unusual: { learn: 0s }, budgets: [{ id: few, per: person, window: 1h, requests: 3, then: [step-up] }] }'
    })
    const { runtime } = gate.server
    const { store } = runtime
    const page = (host: string, cookie = '', path = '') =>
      gate.request('GET', `${gate.origin(host)}/${path}`, { cookie, 'sec-fetch-mode': 'navigate', accept: 'text/html' })
    const [alice, bob, carol] = [await gate.account('alice'), await gate.account('bob'), await gate.account('carol')]
    const { cookies } = await gate.signIn(alice, 'vault', 'gate')
    await askRecord.put(store, alice.id, { at: Date.now() + 1000 }, 3600)
    t.match(
      (await page('vault', cookies.vault)).headers,
      { location: /challenge/ },
      'another gate has asked for a proof'
    )
    const [few] = runtime.budgets!.all
    const report = {
      process: 'other',
      account: bob.id,
      spent: 4,
      paths: [],
      led: 0,
      ownPaths: null,
      begun: 0,
      slowed: 0
    }
    const { ledger } = settle(null, few!, { ...report, isWanting: false, proofAt: 0, signedInAt: 0 }, Date.now() + 1000)
    await ledgerRecord.put(store, ledgerId(few!, bob.id), ledger, 3600)
    const ofBob = await gate.signIn(bob, 'vault', 'gate')
    t.match((await page('vault', ofBob.cookies.vault)).headers, { location: /challenge/ }, 'another gate has counted')
    const dora = await gate.account('dora')
    await ledgerRecord.put(store, ledgerId(few!, dora.id), ledger, 3600)
    const ofDora = await gate.signIn(dora, 'vault')
    t.match(
      (await page('vault', ofDora.cookies.vault, 'keys')).headers,
      { location: /challenge/ },
      'and she meets a decoy'
    )
    t.equal(seen.length, 0, 'the app has seen none of them')
    const ofCarol = await gate.signIn(carol, 'vault')
    t.equal((await page('vault', ofCarol.cookies.vault)).status, 200)
    const asked: string[] = []
    const { get } = store
    store.get = key => {
      if (key.startsWith('unusual:ask:')) asked.push(key)
      return get.call(store, key)
    }
    t.equal((await page('vault', ofCarol.cookies.vault, 'again')).status, 200)
    t.same(asked, [])
    store.get = get
    for (const { id } of [alice, bob]) await runtime.credentials.add(sampleTotp({ accountId: id }))
    for (const [who, cookie, why] of [
      ['alice', cookies.gate, /Something is unusual for you at vault/],
      ['bob', ofBob.cookies.gate, /A lot of data has gone to or from vault/]
    ] as const) {
      const target = encodeURIComponent(`${gate.origin('vault')}/`)
      const shown = await gate.request('GET', `${gate.portal}/.factorgate/challenge?rd=${target}`, {
        cookie,
        'sec-fetch-mode': 'navigate',
        accept: 'text/html'
      })
      t.match(shown.body, why, `the page that asks ${who} says why`)
    }
  }
)

t.test(
  'O3 · a thief uses the session of a person who goes on too → it is ended, because a proof of its owner would open it for the thief too',
  async t => {
    const { gate, account } = await watched(t)
    const stolen = await gate.signIn(account, 'files')
    const { sessions, journal: written } = gate.server.runtime
    const isOver = async () => {
      if ((await sessions.list(account.id)).length > 0) return false
      await written.flush()
      return journal(gate, 'session.end').length > 0
    }
    await walk(gate, stolen.cookies.files as string, 'curl/8.9')
    // What follows a verdict is written beside the answers.
    await until('the session is over', isOver)
    const refused = await gate.request('GET', `${gate.origin('files')}/`, { cookie: stolen.cookies.files })
    t.equal(codeOf(refused), 'sign_in_required')
    t.match(
      JSON.parse(refused.body).error.message,
      /The gate ended your sign-in to protect your account\. The reason: “/
    )
    t.match(journal(gate, 'session.end'), [{ outcome: 'revoked', by: 'watch', why: /usual/ }])
    const again = await gate.signIn(account, 'files')
    const page = await gate.request('GET', `${gate.origin('files')}/`, { cookie: again.cookies.files })
    t.equal(page.status, 200, 'a new sign-in opens the app')
  }
)

t.test(
  'O7 · another site leads a browser to the work of others at night: the line says that the account is spared, and a proof is asked',
  async t => {
    const night = Date.UTC(2026, 9, 6, 2)
    for (const isLed of [true, false]) {
      const clock = { now: night }
      const { url } = await echoApp(t, (request, response) => {
        response.statusCode = /[13579]$/.test(request.url ?? '') ? 404 : 200
        response.end(Buffer.alloc(1_000_000))
      })
      const gate = await startGateway(t, {
        apps: `  - { id: files, url: "http://files.localhost:PORT", upstream: "${url}" }`,
        extra: 'watch: { unusual: { learn: 0s, strange: [journal], alarming: [], extreme: [suspend] } }',
        clock: () => clock.now
      })
      const { accounts, journal: written, store, unusual } = gate.server.runtime
      const account = await gate.account('alice')
      await live(store, night, [{ account: account.id, groups: ['researchers'], usualMb: 0.2, today: { files: 0.01 } }])
      const { cookies } = await gate.signIn(account, 'files')
      const headers = {
        cookie: cookies.files,
        'user-agent': 'test',
        'sec-fetch-site': isLed ? 'cross-site' : 'same-origin',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document'
      }
      const lineOf = async () => {
        await written.flush()
        return journal(gate, 'watch.unusual').find(({ outcome }) => outcome === 'extreme')
      }
      let line: Record<string, unknown> | undefined
      for (let i = 0; i < 1500 && line === undefined; i++) {
        clock.now += 1000
        const answer = await gate.request('GET', `${gate.origin('files')}/records/p9/${1000 + i}`, headers)
        // What the store knows of her is there from now on.
        if (i === 0) await unusual?.tick()
        if (i % 50 === 49 || codeOf(answer) !== undefined) line = await lineOf()
      }
      const suspension = async () => (await accounts.byId(account.id))?.suspended ?? null
      if (isLed) {
        t.match(line, { spared: 'led', steps: 'journal,step-up', why: /the account is not suspended for it\.$/ })
        t.equal(await suspension(), null)
        const page = await gate.request('GET', `${gate.origin('files')}/`, headers)
        t.equal(codeOf(page), 'unusual_proof_required', 'a question takes the place of the suspension')
      } else {
        t.match(line, { steps: 'journal,suspend' })
        t.equal(line?.spared, undefined)
        // It follows the line.
        await until('what the person does of their own accord suspends', async () => (await suspension()) !== null)
      }
    }
  }
)

t.test('while the watch learns it only writes to the journal', async t => {
  const { gate, account } = await watched(t, '{}')
  const { cookies } = await gate.signIn(account, 'files')
  for (let i = 0; i < 1500; i += 50)
    await Promise.all(
      Array.from({ length: 50 }, (_, k) =>
        gate.request('GET', `${gate.origin('files')}/records/p${i % 300}/${i + k}`, {
          cookie: cookies.files,
          'user-agent': 'curl/8.9'
        })
      )
    )
  const page = await gate.request('GET', `${gate.origin('files')}/`, { cookie: cookies.files })
  t.equal(page.status, 200)
  await gate.server.runtime.journal.flush()
  t.ok(journal(gate, 'watch.unusual').every(({ steps, isLearning }) => steps === 'journal' && isLearning === true))
})

t.test('a missing and a damaged file of countries are said once, and the gate serves', async t => {
  for (const content of [null, 'no file of MaxMind']) {
    const { url } = await echoApp(t)
    const gate = await startGateway(t, {
      apps: `  - { id: files, url: "http://files.localhost:PORT", upstream: "${url}" }`
    })
    const file = path.join(gate.folder, 'geo.mmdb')
    if (content !== null) writeFileSync(file, content)
    const { runtime } = gate.server
    const { startUnusual } = await import('../../src/services/unusual-actions.ts')
    const settings = { learn: 0, countries: file, strange: [], alarming: [], extreme: [] }
    const watch = await startUnusual(runtime, settings)
    t.teardown(() => watch.stop())
    await watch.configure(settings, () => true)
    await watch.configure(settings, () => true)
    await runtime.journal.flush()
    const lines = journal(gate, 'watch.unusual')
    t.equal(lines.length, 1)
    t.match(lines[0], { outcome: 'degraded', why: content === null ? /there is no such file/ : /damaged/ })
  }
})

t.test('O4 · strangers fail to sign in as somebody, again and again → they leave no trace on that person', async t => {
  const { gate, account } = await watched(t)
  for (let i = 0; i < 200; i += 20)
    await Promise.all(
      Array.from({ length: 20 }, (_, k) =>
        gate.request('GET', `${gate.origin('files')}/records/${i + k}`, { cookie: 'factorgate=wrong' })
      )
    )
  await gate.server.runtime.unusual?.stop()
  t.equal(await gate.server.runtime.store.get(`unusual:person:${account.id}`), null)
  t.same(journal(gate, 'watch.unusual'), [])
})
