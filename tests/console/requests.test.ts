/** Requests for approval in the console: approved and declined with a reason, in the journal, and never twice. */
import t from 'tap'
import { Sponsorships } from '../../src/identity/sponsorships.ts'
import { newToken } from '../../src/ids.ts'
import { openDesk, textOf } from '../fixtures/in-process/console.ts'

const operator = { groups: ['operators'] }
const identity = `identity:
  - { id: local, kind: local }
  - { id: institute, kind: ldap, title: Institute, servers: [ldap://127.0.0.1:1], bind: { dn: "cn=gate,dc=lab", password: x }, base: dc=lab, enrolment: sponsor }
`

async function openRequests(t: import('tap').Test) {
  const desk = await openDesk(t, { extra: identity })
  const { accounts, store, invitations } = desk.gate.server.runtime
  const sponsorships = new Sponsorships({ store, clock: desk.time.read })
  const lea = await accounts.create({ name: 'lea', displayName: 'Lea', directory: 'institute', externalId: 'id-1' })
  const ask = (sponsorId: string | null) =>
    sponsorships.ask({
      accountId: lea.id,
      sponsorId,
      typed: sponsorId === null ? null : 'ada',
      address: '192.0.2.17',
      asker: newToken()
    })
  return { ...desk, lea, sponsorships, invitations, ask, requests: `${desk.admin}/requests` }
}

t.test('an operator approves with a reason, and the person may add a first factor', async t => {
  const { person, gate, admin, requests, lea, ask, sponsorships, invitations, journal } = await openRequests(t)
  const { account: ada } = await person('ada')
  const { browser } = await person('oscar', { ...operator, secondsAgo: 14 * 60 })
  t.match(textOf(await browser.open(requests)), 'Nobody asks for approval')
  const request = (await ask(ada.id))!
  t.match(
    textOf(await browser.open(`${admin}/`)),
    /One person asks for approval of a first second factor\. See who asks/
  )
  const list = await browser.open(requests)
  t.match(textOf(list), /One person of an institution cannot add/)
  t.match(textOf(list), /Lea lea Institute \d{4} now 192\.0\.2\.17 ada Approve Decline/)
  const form = await browser.open(`${requests}/${lea.id}/approve`)
  t.match(textOf(form), /let them read the number on their page to you\. It must be \d{4}/)
  t.match(textOf(form), /has named ada\. You decide in their place/)
  t.match(textOf(await browser.submit(form, { reason: ' ' })), 'Give a reason')
  t.equal((await sponsorships.of(lea.id))?.state, 'open', 'without a reason nothing is done')
  t.match(textOf(await browser.submit(form, { reason: 'spoke to her' })), 'The request of Lea is approved')
  const decided = await sponsorships.of(lea.id)
  t.match(decided, { id: request.id, state: 'approved', decidedBy: { name: 'oscar' } })
  t.ok(await invitations.stands(lea.id, decided!.invitation!))
  t.match(await journal('sponsor.approve'), [
    { person: 'lea', sponsor: 'oscar', operator: 'oscar', by: 'console', why: 'spoke to her', address: '127.0.0.1' }
  ])
  t.match(textOf(await browser.submit(form, { reason: 'again' })), /not open any more/)
  t.match(textOf(await browser.open(requests)), 'oscar has approved the request of Lea')
  t.equal(gate.log.filter(({ level }) => Number(level) >= 50).length, 0)
})

t.test('an operator declines, and a replaced request is not decided by its form', async t => {
  const { person, requests, lea, ask, sponsorships, journal, time } = await openRequests(t)
  await ask(null)
  const { browser } = await person('oscar', operator)
  const old = await browser.open(`${requests}/${lea.id}/approve`)
  time.advance(61)
  await ask(null)
  t.match(textOf(await browser.submit(old, { reason: 'spoke to her' })), /decided, replaced or is over/)
  t.equal((await sponsorships.of(lea.id))?.state, 'open')
  const form = await browser.open(`${requests}/${lea.id}/decline`)
  t.match(textOf(await browser.submit(form, { reason: 'unknown here' })), 'The request of Lea is declined')
  t.match(await journal('sponsor.decline'), [{ person: 'lea', operator: 'oscar', why: 'unknown here' }])
})

t.test('requests are for operators alone', async t => {
  const { person, requests, lea, ask, sponsorships } = await openRequests(t)
  await ask(null)
  for (const groups of [['helpdesk'], ['researchers'], []]) {
    const { browser } = await person(`p-${groups[0] ?? 'none'}`, { groups })
    t.equal((await browser.request('GET', requests)).status, 403)
    t.equal((await browser.request('GET', `${requests}/${lea.id}/approve`)).status, 403)
    t.equal((await browser.request('POST', `${requests}/${lea.id}/approve`)).status, 403)
  }
  t.equal((await sponsorships.of(lea.id))?.state, 'open')
  const { browser } = await person('oscar', { ...operator, secondsAgo: 16 * 60 })
  t.equal((await browser.request('GET', requests)).status, 302, 'an old proof is not enough')
})

t.test('without sponsors there is no such page', async t => {
  const { person, admin } = await openDesk(t)
  const { browser } = await person('oscar', operator)
  t.notMatch((await browser.open(`${admin}/`)).body, '/requests')
  t.equal((await browser.request('GET', `${admin}/requests`)).status, 404)
})
