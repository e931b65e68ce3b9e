/** What strangers send to the address for answers: it is refused before it costs much, and it fills neither the log nor the journal. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { linesPerMinute } from '../../../src/audit/log-rate-limit.ts'
import { answerBuckets } from '../../../src/throttle/attempt-buckets.ts'
import { AttemptLimiter } from '../../../src/throttle/attempt-limiter.ts'
import { limits } from '../../../src/throttle/limits.ts'
import { MemoryStore } from '../../fixtures/in-process/memory-store.ts'
import { samlGate, sayTo } from '../../fixtures/in-process/saml-gate.ts'
import { alice, attributeOf, encode, makePair } from '../../fixtures/in-process/saml-provider.ts'

const pair = makePair(t, 'idp')
const minute = 60_000

async function clockedGate(t: Parameters<typeof samlGate>[0], more: Partial<Parameters<typeof samlGate>[1]> = {}) {
  const time = { now: Date.now() }
  return { ...(await samlGate(t, { pair, clock: () => time.now, ...more })), time }
}

t.test(
  'I20 SAML Bindings §3.4.3 · RelayStates that are absent, an address, made up, of another institution, or old → refused unread',
  async t => {
    const other = '  - { id: uni2, kind: saml, title: Uni2, metadata: FILE, idp: "https://idp.example/entity" }'
    const { gate, browser, start, time } = await clockedGate(t, { besides: other })
    const state = sayTo((await browser.get(start)).headers.location!).relayState
    const elsewhere = sayTo((await browser.get(`${start}2`)).headers.location!).relayState
    const [random = '', end = '', mac = ''] = state.split('.')
    const rows: readonly (readonly [sentence: string, state: string])[] = [
      ['is absent', ''],
      ['is any text', 'https://evil.example/'],
      ['is made up', `${random}.${end}.${'A'.repeat(43)}`],
      ['has another random part', `${'A'.repeat(22)}.${end}.${mac}`],
      ['has another end', `${random}.${(Number.parseInt(end, 36) + 1).toString(36)}.${mac}`],
      ['belongs to another institution', elsewhere]
    ]
    const post = (relayState: string) =>
      browser.postFromElsewhere(`${start}/acs`, { SAMLResponse: 'not even base64!', RelayState: relayState })
    for (const [sentence, relayState] of rows) {
      const answer = await post(relayState)
      t.equal(answer.headers['factorgate-error'], 'institution_login_expired', sentence)
    }
    t.equal((await post(state)).headers['factorgate-error'], 'institution_answer_invalid', 'ours is read')
    time.now += 10 * minute + 2000
    t.equal((await post(state)).headers['factorgate-error'], 'institution_login_expired', 'is older than ten minutes')
    t.ok(state.length <= 80, 'and it has no more bytes than SAML allows')
    t.equal(gate.log.filter(({ code }) => code === 'institution_login_expired').length, 7)
  }
)

t.test('I21 · sixty false answers from one network → 429, and few lines', async t => {
  const { gate, browser, provider, start } = await clockedGate(t)
  const say = sayTo((await browser.get(start)).headers.location!)
  const good = (id: string) => ({
    SAMLResponse: encode(provider.answer({ ...say, assertionId: id })),
    RelayState: say.relayState
  })
  const bad = { SAMLResponse: encode('<x/>'), RelayState: say.relayState }
  for (let n = 0; n < 62; n++)
    t.equal((await browser.postFromElsewhere(`${start}/acs`, good(`_g${n}`))).status, 303, 'a valid one')
  const { free } = limits.answer_network
  for (let n = 0; n <= free; n++)
    t.equal(
      (await browser.postFromElsewhere(`${start}/acs`, bad)).headers['factorgate-error'],
      'institution_answer_invalid'
    )
  const over = await browser.postFromElsewhere(`${start}/acs`, bad)
  t.match(over, { status: 429, headers: { 'factorgate-error': 'too_many_attempts', 'retry-after': '1' } })
  t.equal(gate.log.filter(({ code }) => code === 'institution_answer_invalid').length, linesPerMinute, 'lines of log')
  const lines = () =>
    readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
  await gate.server.runtime.journal.commit({ kind: 'session.end', at: 0 })
  const refusals = lines().filter(({ outcome }) => outcome === 'refused' || outcome === 'throttled')
  t.ok(refusals.length <= 60, `${refusals.length} lines of the journal`)
})

t.test('a RelayState without a valid answer does not fill the log', async t => {
  const { gate, browser, start } = await clockedGate(t)
  for (let n = 0; n < 100; n++) await browser.postFromElsewhere(`${start}/acs`, { SAMLResponse: 'x', RelayState: 'y' })
  t.equal(gate.log.filter(({ code }) => code === 'institution_login_expired').length, linesPerMinute)
})

t.test('each network has its own limit, and so has each institution', async t => {
  const time = { now: 1_000_000 }
  const clock = () => time.now
  const limiter = new AttemptLimiter({ store: new MemoryStore(clock), clock })
  const tries = async (institution: string, address: string) =>
    (await limiter.reserve(answerBuckets(institution, address))).kind
  for (let n = 0; n <= limits.answer_network.free; n++) await tries('uni', '192.0.2.1')
  t.equal(await tries('uni', '192.0.2.1'), 'throttled')
  t.equal(await tries('uni', '192.0.2.2'), 'allowed', 'a neighbour')
  t.equal(await tries('other', '192.0.2.1'), 'allowed', 'another institution')
  for (let n = 0; n <= limits.answer_network.free; n++) await tries('uni', `2001:db8:1:${n.toString(16)}::1`)
  t.equal(await tries('uni', '2001:db8:1:ffff::1'), 'throttled', 'an IPv6 site is one network')
  time.now += minute
  t.equal(await tries('uni', '192.0.2.1'), 'allowed', 'a minute later')
})

t.test(
  'an answer with five thousand long groups, encrypted, fits into a form, and a larger one is refused unread',
  async t => {
    const { browser, provider, start } = await samlGate(t, { pair })
    const say = sayTo((await browser.get(start)).headers.location!)
    const groups = Array.from(
      { length: 5000 },
      (_, i) => `urn:mace:uni.example:group:faculty-of-science:department-${i}:members-of-the-research-group#uni`
    )
    const attributes = alice + attributeOf('urn:oid:1.3.6.1.4.1.5923.1.1.1.7', ...groups)
    const { length } = encode(
      provider.response(await provider.encrypted(provider.assertion({ ...say, attributes }), pair), say)
    )
    const post = (size: number) =>
      browser.postFromElsewhere(`${start}/acs`, { SAMLResponse: 'A'.repeat(size), RelayState: say.relayState })
    t.equal((await post(length)).headers['factorgate-error'], 'institution_answer_invalid', 'read')
    t.equal((await post(1.3 * 1024 * 1024)).headers['factorgate-error'], 'body_too_large')
  }
)
