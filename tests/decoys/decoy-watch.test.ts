/** The watch on decoys without a gate: what it asks for, programs, and a store that does not answer. */
import type { IncomingHttpHeaders } from 'node:http'
import t from 'tap'
import type { AuditEvent } from '../../src/audit/event.ts'
import { type DecoyRequest, DecoyWatch } from '../../src/decoys/decoy-watch.ts'
import { type DecoySettings, Decoys } from '../../src/decoys/decoys.ts'
import { makeKeyring, masterKey } from '../../src/keyring/keyring.ts'

const ring = makeKeyring([masterKey(Buffer.alloc(32, 1))])
const now = Date.UTC(2026, 10, 28)

function watching({ fails = false, links = 0 } = {}) {
  const done: string[] = []
  const lines: AuditEvent[] = []
  const act =
    (what: string) =>
    async (whom: string): Promise<void> => {
      done.push(`${what} ${whom}`)
      if (fails) throw new Error('the store does not answer')
    }
  const watch = new DecoyWatch({
    clock: () => now,
    keyring: () => ring,
    record: event => lines.push(event),
    count() {},
    suspend: act('suspend'),
    cut: act('cut'),
    revoke: act('revoke'),
    ask: act('ask'),
    isFirstLinks: async () => {
      if (fails) throw new Error('the store does not answer')
      return links-- > 0
    },
    onProblem: (_error, account) => done.push(`problem ${account}`)
  })
  return { watch, done, lines }
}

function request(settings: Partial<DecoySettings>, who: Partial<NonNullable<DecoyRequest['who']>> = {}): DecoyRequest {
  const decoys = new Decoys(
    [{ path: '/secret.csv', query: null, serve: null, content: 'passwords', steps: ['suspend'], ...settings }],
    { isCaseSensitive: false, exempt: { networks: [], users: [], groups: [] } }
  )
  return {
    decoy: decoys.all[0]!,
    app: { id: 'files', decoys },
    site: { origin: 'https://files.lab.example', secure: true },
    method: 'GET',
    headers: { 'user-agent': 'curl/8.9' },
    address: '192.0.2.1',
    reference: 'AAAA-BBBB',
    path: '/secret.csv',
    who: {
      account: { id: 'A1', name: 'alice', groups: [] },
      session: { id: 'S1' },
      token: null,
      proofs: [],
      isFullySignedIn: true,
      ...who
    },
    isUnknown: false
  }
}

t.test('what acts, and what is answered', async t => {
  const program = { session: null, token: { id: 'T1', name: 'nightly' } }
  const rows: [string, DecoyRequest, string[], object][] = [
    ['suspend', request({}), ['suspend A1'], { refusal: { code: 'account_suspended' }, file: null }],
    ['cut', request({ steps: ['cut'] }), ['cut S1'], { refusal: { code: 'not_allowed' } }],
    ['step-up', request({ steps: ['step-up'] }), ['ask A1'], { refusal: null, isAsked: true }],
    ['notify', request({ steps: ['notify'] }), [], { refusal: null, isAsked: false, file: null }],
    [
      'a served file is given to the person who is suspended for it',
      request({ serve: 'csv' }),
      ['suspend A1'],
      { refusal: { code: 'account_suspended' }, file: { type: /csv/ } }
    ],
    [
      'no file before a proof',
      request({ serve: 'csv', steps: ['step-up'] }),
      ['ask A1'],
      { isAsked: true, file: null }
    ],
    ['the owner of a token', request({}, program), ['suspend A1'], { refusal: { code: 'account_suspended' } }],
    ['a token that is cut', request({ steps: ['cut'] }, program), ['revoke T1'], { refusal: { code: 'not_allowed' } }],
    [
      'a program can show no proof',
      request({ steps: ['step-up'] }, program),
      ['revoke T1'],
      { refusal: { code: 'not_allowed' }, isAsked: false }
    ]
  ]
  for (const [name, touched, did, answer] of rows) {
    const { watch, done, lines } = watching()
    t.match(await watch.touched(touched), answer, name)
    t.same(done, did, name)
    t.equal(lines.length, 1)
  }
  const { watch, lines } = watching()
  await watch.touched(request({ steps: ['cut'] }, program))
  t.match(lines[0]?.why, /^The program “nightly” of alice opened the decoy .* Its token is revoked\.$/)
})

t.test('a store that does not answer lets nothing through', async t => {
  for (const steps of [['suspend'], ['cut'], ['step-up']] as const)
    for (const serve of [null, 'csv'] as const) {
      const { watch, done } = watching({ fails: true })
      const answer = await watch.touched(request({ steps, serve }))
      t.match(answer, { refusal: { code: 'store_unreachable' }, isAsked: false, file: null }, `${steps} ${serve}`)
      t.equal(done.at(-1), 'problem A1')
    }
})

t.test('a link in a page of the app is asked about a few times, and suspends then', async t => {
  const page = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  const link = { ...page, 'sec-fetch-site': 'same-origin' }
  for (const steps of [['notify', 'suspend'], ['cut']] as const) {
    const { watch, done, lines } = watching({ links: 2 })
    const click = (headers: IncomingHttpHeaders) => watch.touched({ ...request({ steps, serve: 'csv' }), headers })
    for (let n = 0; n < 2; n++) t.match(await click(link), { refusal: null, isAsked: true, file: null })
    t.same(done, ['ask A1', 'ask A1'])
    t.match(lines[0], { outcome: 'touched', led: 'app_link', why: /A fresh second factor is asked of them/ })
    await click(link)
    t.match(done[2], /suspend A1|cut S1/, 'who goes on means it')
  }
  const mild = watching({ links: 1 })
  const clickAt = (isReportOnly: boolean) => {
    const asked = request({})
    return mild.watch.touched({ ...asked, app: { ...asked.app, isReportOnly }, headers: link })
  }
  t.match(await clickAt(true), { refusal: null, isAsked: false })
  t.match(await clickAt(false), { refusal: null, isAsked: true }, 'a link where nobody is stopped does not count')
  t.same(mild.done, ['ask A1'])
  const { watch, done } = watching({ links: 9 })
  const touch = (headers: IncomingHttpHeaders) => watch.touched({ ...request({}), headers })
  await touch({ ...page, 'sec-fetch-site': 'none' })
  await touch({ 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' })
  await touch({ 'user-agent': 'curl/8.9', referer: 'https://files.lab.example/' })
  t.same(done, ['suspend A1', 'suspend A1', 'suspend A1'], 'a typed address, a script and a program are no link')
  const without = watching({ links: 9 })
  await without.watch.touched({
    ...request({}, { session: null, token: { id: 'T1', name: 'nightly' } }),
    headers: link
  })
  t.same(without.done, ['suspend A1'], 'no page leads a program')
  const failing = watching({ fails: true })
  t.match(await failing.watch.touched({ ...request({}), headers: link }), { refusal: { code: 'store_unreachable' } })
})
