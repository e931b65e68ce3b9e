/** The console's pages of the posture and of a suspension's evidence: what they say, what they ask for, and what they do. */
import t from 'tap'
import { readLedger, settle } from '../../src/budgets/ledger.ts'
import { ledgerId, ledgerRecord } from '../../src/budgets/ledger-record.ts'
import { reason } from '../../src/reasons/reason.ts'
import { suspendByWatch } from '../../src/services/watch-suspension.ts'
import { type Desk, openDesk, textOf } from '../fixtures/in-process/console.ts'

const operator = { groups: ['operators'] }
const why = 'ada has fetched 6 GiB from notebooks within 1 day; the budget ‘theft’ allows 5 GiB.'

t.test('the posture: operators alone, with a reason, and a tick by who would not stay in', async t => {
  const { person, admin, gate, journal } = await openDesk(t, {
    extra: 'watch: { posture: { lockdown: { groups: [on-call] } } }'
  })
  const { postures } = gate.server.runtime
  const { browser: help } = await person('hilda', { groups: ['helpdesk'] })
  t.equal((await help.open(`${admin}/posture`)).status, 403)
  const { account: carl } = await person('carl', { groups: ['on-call'] })
  await gate.server.runtime.accounts.update(carl.id, { displayName: 'Carl Gauß' })
  await person('cora', { groups: ['on-call'], hasPasskey: false, proof: 'totp' })
  const { browser } = await person('oscar', operator)
  const page = await browser.open(`${admin}/posture`)
  const text = textOf(page)
  t.match(text, /The posture is normal for all apps\./)
  t.match(text, /People of these groups: on-call\. 2 other people are refused\./)
  t.match(text, /Your own account is in none of these groups\./)
  t.match(text, /Carl Gauß carl : can open apps .*cora must add one of the second factors/)
  t.notMatch(text, /cora cora/)
  const fields = { level: 'lockdown', app: '', last: '2h', reason: 'stolen sessions' }
  const untold = await browser.submit(page, { ...fields, reason: ' ' }, /posture/)
  t.match([untold.status, textOf(untold)], [403, /Give a reason/])
  const untickled = await browser.submit(page, fields, /posture/)
  t.match([untickled.status, textOf(untickled)], [403, /Your own account would be refused in the apps\. Tick the box/])
  t.match(untickled.body, /value="stolen sessions"/, 'what was typed is still there')
  t.equal(postures.level(null), 'normal')
  const odd = await browser.submit(page, { ...fields, level: 'purple' }, /posture/)
  t.match([odd.status, textOf(odd)], [403, /Choose a posture/])
  const set = textOf(await browser.submit(page, { ...fields, self: 'yes' }, /posture/))
  t.match(set, /All apps: Lockdown now\./)
  t.match(set, /All apps Lockdown Lockdown \d{4}-\d\d-\d\d \d\d:\d\d UTC oscar stolen sessions/)
  t.equal(postures.level('notebooks'), 'lockdown')
  const milder = await browser.submit(page, { ...fields, level: 'elevated', app: 'notebooks', last: 'none' }, /posture/)
  t.match(textOf(milder), /Notebooks: Elevated is set, but Lockdown counts/)
  await browser.submit(page, { ...fields, level: 'normal', reason: 'over' }, /posture/)
  t.equal(postures.level('notebooks'), 'elevated')
  t.match(await journal('posture'), [
    { outcome: 'lockdown', before: 'normal', by: 'console', operator: 'oscar', why: 'stolen sessions' },
    { outcome: 'elevated', app: 'notebooks', posture: 'lockdown' },
    { outcome: 'normal', before: 'lockdown', why: 'over' }
  ])
})

/** As the watch does it: a line with the numbers, then the suspension. */
async function suspendAda({ gate, time, person }: Desk, cause: 'budget' | 'decoy') {
  const { runtime } = gate.server
  const { account } = await person('ada')
  const at = time.read()
  const numbers = {
    used: 6 * 1024 ** 3,
    limit: 5 * 1024 ** 3,
    window: 86_400,
    counted: 'bytes',
    steps: 'notify,suspend'
  }
  runtime.journal.record({
    kind: 'watch.budget',
    at,
    account: account.id,
    name: 'ada',
    app: 'notebooks',
    why,
    ...numbers
  })
  await suspendByWatch({ account: account.id, words: { why }, cause, at, sink: runtime.journal }, runtime)
  await runtime.journal.flush()
  return account
}

t.test('the evidence on one page; one touch confirms or lets in, with a reason', async t => {
  const desk = await openDesk(t)
  const { person, admin, gate, journal } = desk
  const ada = await suspendAda(desk, 'budget')
  const { accounts } = gate.server.runtime
  const { browser: help } = await person('hilda', { groups: ['helpdesk'] })
  const path = `${admin}/people/${ada.id}/suspension`
  t.equal((await help.open(path)).status, 403)
  const { browser } = await person('oscar', operator)
  t.match((await browser.open(`${admin}/people/${ada.id}`)).body, `/admin/people/${ada.id}/suspension`)
  const page = await browser.open(path)
  const text = textOf(page)
  t.match(
    text,
    /A budget has suspended this account \(20\d\d-\d\d-\d\d \d\d:\d\d UTC\)\. .*The person reads this: ada has fetched 6 GiB/
  )
  t.match(text, /What was noticed .*6 GiB of 5 GiB within 1 day; then: notify, suspend/)
  t.match(text, /What the journal says around it .*user\.change .*watch\.budget/)
  const silent = await browser.submit(page, { reason: '', do: 'resume' })
  t.match([silent.status, textOf(silent)], [403, /Give a reason/])
  const confirmed = await browser.submit(page, { reason: 'it was theft', do: 'confirm' })
  t.match(textOf(confirmed), /The suspension of ada is confirmed, and stays\./)
  t.match((await accounts.byId(ada.id))?.suspended, {
    cause: 'budget',
    why,
    confirmed: { name: 'oscar', why: 'it was theft' }
  })
  const stale = await browser.submit(page, { reason: 'no', do: 'resume' })
  t.match([stale.status, textOf(stale)], [403, /Somebody else has changed this account/])
  const again = await browser.open(path)
  t.match(textOf(again), /oscar confirmed it .*“it was theft”/)
  t.match(textOf(await browser.submit(again, { reason: 'a mistake', do: 'resume' })), /ada can sign in again\./)
  t.equal((await accounts.byId(ada.id))?.suspended, null)
  t.match(textOf(await browser.open(path)), /The account is not suspended\./)
  t.match((await journal('user.change')).slice(-3), [
    { outcome: 'suspended', by: 'watch', cause: 'budget' },
    { outcome: 'suspension_confirmed', operator: 'oscar', why: 'it was theft', cause: 'budget' },
    { outcome: 'resumed', operator: 'oscar', why: 'a mistake', cause: 'budget' }
  ])
  await accounts.suspend(ada.id, why, { cause: 'budget' })
  await accounts.suspend(ada.id, 'over it')
  const both = textOf(await browser.open(path))
  t.match(both, /The person reads this: over it The watch said .*: ada has fetched 6 GiB/)
  t.match(both, /What was noticed .*6 GiB of 5 GiB/)
  t.match(textOf(await browser.open(`${admin}/people/${ada.id}`)), /The watch said ada has fetched 6 GiB/)
  await accounts.resume(ada.id)
  const reasons = [reason('twoPlaces', {}), reason('network', { network: '192.0.2.0/24' })]
  await accounts.suspend(ada.id, { why: 'ada was elsewhere.', reasons }, { cause: 'unusual' })
  gate.server.runtime.journal.record({
    kind: 'watch.unusual',
    at: desk.time.read(),
    account: ada.id,
    name: 'ada',
    why: 'A sign-in was used from two networks. 1.5 GiB was fetched. A network is new: 192.0.2.0/24.'
  })
  await gate.server.runtime.journal.flush()
  const listed = (await browser.open(path)).body
  t.match(
    listed,
    /<blockquote><ul class="reasons"><li>A .* was used from two networks at the same time\.<\/li><li>A network/
  )
  t.match(
    listed,
    /<li>1\.5 GiB was fetched\.<\/li><li>A network is new: 192\.0\.2\.0\/24\.<\/li>/,
    'so are the lines of the journal'
  )
})

t.test(
  'E3 · one operator lets in a person who touched a decoy → a second operator must agree, within a day, if the configuration says so',
  async t => {
    const desk = await openDesk(t, { extra: 'watch: { resume: { afterDecoy: two-operators } }' })
    const { person, admin, gate, journal, time } = desk
    const ada = await suspendAda(desk, 'decoy')
    const { accounts } = gate.server.runtime
    const path = `${admin}/people/${ada.id}/suspension`
    const { browser: oscar } = await person('oscar', operator)
    const { browser: olga } = await person('olga', operator)
    const page = await oscar.open(path)
    t.match(textOf(page), /A decoy has suspended .*two operators must agree/)
    t.match(textOf(await oscar.submit(page, { reason: 'a scanner', do: 'resume' })), /Your wish is kept\./)
    t.match((await accounts.byId(ada.id))?.suspended, { cause: 'decoy', resumeAsked: { name: 'oscar' } })
    const twice = await oscar.submit(await oscar.open(path), { reason: 'a scanner', do: 'resume' })
    t.match([twice.status, textOf(twice)], [403, /You have asked for this already\. Another operator must agree/])
    t.match(textOf(await olga.open(path)), /oscar wants to let the person in again .*“a scanner”/)
    time.advance(24 * 3600)
    const { browser: late } = await person('olga', operator)
    t.match(textOf(await late.submit(await late.open(path), { reason: 'yes', do: 'resume' })), /Your wish is kept\./)
    const { browser: second } = await person('oscar', operator)
    const by = `${admin}/people/${ada.id}/resume`
    t.match(textOf(await second.submit(await second.open(by), { reason: 'agreed' })), /ada can sign in again\./)
    t.equal((await accounts.byId(ada.id))?.suspended, null)
    t.match((await journal('user.change')).slice(-3), [
      { outcome: 'resume_asked', operator: 'oscar' },
      { outcome: 'resume_asked', operator: 'olga' },
      { outcome: 'resumed', operator: 'oscar', first: 'olga' }
    ])
  }
)

t.test('a person whom a budget cuts, and who is not suspended, goes on after an operator’s word', async t => {
  const { person, admin, gate, journal, time } = await openDesk(t, {
    extra: 'watch: { budgets: [{ id: theft, per: person, window: 24h, requests: 100, then: [notify, cut, suspend] }] }'
  })
  const { store, budgets, accounts } = gate.server.runtime
  const [theft] = budgets!.all
  const ada = (await person('ada')).account
  const report = {
    process: 'one',
    account: ada.id,
    spent: 101,
    led: 101,
    paths: [],
    ownPaths: null,
    begun: 0,
    slowed: 0
  }
  const { ledger } = settle(null, theft!, { ...report, isWanting: false, proofAt: 0, signedInAt: 0 }, time.read())
  await ledgerRecord.put(store, ledgerId(theft!, ada.id), ledger, 3600)
  const { browser } = await person('oscar', operator)
  const link = `/admin/people/${ada.id}/resume`
  t.match((await browser.open(`${admin}/people/${ada.id}`)).body, link)
  const page = await browser.open(`${admin}/people/${ada.id}/resume`)
  await browser.submit(page, { reason: 'a page of another site' }, /resume/)
  t.match((await journal('user.change')).at(-1), { outcome: 'budget_lifted', budget: 'theft', operator: 'oscar' })
  t.equal(readLedger((await ledgerRecord.get(store, ledgerId(theft!, ada.id)))!, theft!, time.read()).mode, 'within')

  await ledgerRecord.put(store, ledgerId(theft!, ada.id), ledger, 3600)
  await accounts.suspend(ada.id, 'Too much.', { cause: 'budget' })
  const both = await browser.open(`${admin}/people/${ada.id}/resume`)
  await browser.submit(both, { reason: 'both were wrong' }, /resume/)
  t.match((await journal('user.change')).slice(-2), [{ outcome: 'resumed' }, { outcome: 'budget_lifted' }])
  t.equal(readLedger((await ledgerRecord.get(store, ledgerId(theft!, ada.id)))!, theft!, time.read()).mode, 'within')
})
