/** The watch page: who may see it, what it says without a watch, alarms, who has fetched how much, budgets, and one person. */
import t from 'tap'
import type { AuditEvent } from '../../src/audit/event.ts'
import { emptyLedger } from '../../src/budgets/ledger.ts'
import { ledgerId, ledgerRecord } from '../../src/budgets/ledger-record.ts'
import { makeFinding } from '../../src/integrity/finding.ts'
import { knownRecord, nothingOpen, openRecord } from '../../src/integrity/records.ts'
import { slotAt, withAmount } from '../../src/metering/sliding-count.ts'
import { turnDial } from '../../src/posture/dial-record.ts'
import { openDesk, textOf } from '../fixtures/in-process/console.ts'
import { echoApp } from '../fixtures/in-process/gateway.ts'
import { download, startTorrent } from '../fixtures/in-process/torrent.ts'
import { live } from '../fixtures/in-process/watched-lab.ts'

const operator = { groups: ['operators'] }
const watch = `watch:
  unusual: {}
  budgets: [{ id: bulk, per: person, window: 1h, bytes: 1MiB, then: [journal] }]`

t.test('operators alone may see it, and without a watch it says how to begin', async t => {
  const { person, admin } = await openDesk(t)
  const { account, browser } = await person('oscar', operator)
  const { browser: desk } = await person('hilda', { groups: ['helpdesk'] })
  for (const path of ['/watch', `/watch/${account.id}`])
    t.equal((await desk.open(admin + path)).status, 403, `${path} is not for the help desk`)
  t.notMatch((await desk.open(`${admin}/people/${account.id}`)).body, '/admin/watch')
  const page = textOf(await browser.open(`${admin}/watch`))
  t.match(page, /Nothing is watched yet\. Put these lines into the configuration.*unusual: \{\}/)
  t.notMatch(page, /Alarms|Budgets/)
  t.match(textOf(await browser.open(`${admin}/watch/${account.id}`)), /does not learn what is usual for people/)
  t.equal((await browser.open(`${admin}/watch/nobody`)).status, 404)
  t.match((await browser.open(`${admin}/people/${account.id}`)).body, `/admin/watch/${account.id}`)
})

t.test('who has fetched how much, in pages; one person in detail', async t => {
  const { person, admin, gate, time } = await openDesk(t, { extra: watch })
  const { store, accounts } = gate.server.runtime
  const { account: ada } = await person('ada')
  const others = []
  for (let i = 0; i < 25; i++) others.push(await accounts.create({ name: `p${i}`, displayName: `<b>Person ${i}` }))
  await live(store, time.read(), [
    { account: ada.id, usualMb: 20, today: { notebooks: 4000 } },
    ...others.map(({ id }, i) => ({ account: id, usualMb: 40, today: { notebooks: 20 + i } }))
  ])
  const { browser } = await person('oscar', operator)
  const page = await browser.open(`${admin}/watch`)
  const text = textOf(page)
  t.match(text, /26 people have fetched \d\.\d+ GiB today\. One of them is above a busy day of theirs\./)
  t.match(text, /There was no alarm in the last 14 days/)
  t.match(text, /Who has fetched how much today .*ada .*above a busy day .*3\.73 GiB today\. \d\d(\.\d)? MiB is usual/)
  t.equal(page.body.match(/<li><p class="whose"/g)?.length, 24)
  t.notMatch(page.body, '<b>Person')
  t.match(text, /Page 1 of 2 Next .*bulk 1 MiB from all apps within 1 hour for each person; then journal\. Nobody/)
  const second = await browser.open(`${admin}/watch?page=2`)
  t.equal(second.body.match(/<li><p class="whose"/g)?.length, 2)
  const detail = textOf(await browser.open(`${admin}/watch/${ada.id}`))
  t.match(detail, /ada: what the watch knows .*3\.73 GiB today.*standard days above the usual/)
  t.match(detail, /The score is \d+ now\. From 26 on the gate reports, from 48 on it asks for a proof/)
  t.match(detail, /3\.7 GiB left today; \d+ MiB is usual for this person/)
  t.match(detail, /From each app notebooks .*other apps/)
  t.match(detail, /network .*client /)
})

t.test('what this process has just forwarded counts, and its budgets', async t => {
  const { url } = await startTorrent(t)
  const { person, admin, gate } = await openDesk(t, {
    apps: `  - { id: notebooks, title: Notebooks, url: "http://notebooks.localhost:PORT", upstream: "${url}" }`,
    extra: watch
  })
  const { cookies } = await gate.signIn(await gate.account('alice'), 'notebooks')
  const address = `${gate.origin('notebooks')}/${3 * 1024 ** 2}`
  await (await download(gate.port, address, { cookie: cookies.notebooks })).end
  await gate.server.runtime.budgets?.flush()
  await gate.server.runtime.journal.flush()
  const { browser } = await person('oscar', operator)
  const text = textOf(await browser.open(`${admin}/watch`))
  t.match(text, /The gate still learns what is usual here\. Until .* it only reports/)
  t.match(text, /alice .*3 MiB today\. What is usual is not known yet/)
  t.match(text, /alice 3 MiB of 1 MiB \(300 %\) passed/)
  t.match(text, /passed budget alice alice has fetched \S+ MiB within 1 hour; the budget .bulk. allows/)
})

t.test('alarms keep the pseudonyms of the journal, and lead to the person', async t => {
  const journal = '{ file: ./journal.jsonl, pseudonyms: [user, client] }'
  const { person, admin, gate, time } = await openDesk(t, { extra: watch, journal })
  const { account: ada } = await person('ada')
  const alarm = (minutes: number, fields: object) =>
    gate.server.runtime.journal.record({
      kind: 'watch.unusual',
      at: time.read() - minutes * 60_000,
      account: ada.id,
      name: 'ada',
      ...fields
    } as AuditEvent)
  for (let i = 0; i < 10; i++) alarm(100 - i, { outcome: 'strange', why: `Reason ${i}.` })
  alarm(5, { outcome: 'alarming', why: 'ada has <i>markup</i>.', steps: 'journal,step-up' })
  alarm(4, { kind: 'watch.decoy', outcome: 'new_word', why: 'Of a later release.' })
  alarm(20 * 24 * 60, { outcome: 'extreme', why: 'Long ago.' })
  await gate.server.runtime.journal.flush()
  const { browser } = await person('oscar', operator)
  const page = await browser.open(`${admin}/watch`)
  t.match(textOf(page), /new word decoy ~\S+ Of a later release\..*alarming unusual ~\S+ ~\S+ has/)
  t.match(textOf(page), 'steps: step-up')
  t.notMatch(page.body, /<i>markup|>ada<|Long ago|Reason 3/)
  t.match(page.body, `href="/.factorgate/admin/watch/${ada.id}"`)
  const older = /href="([^"]*after=[^"]*)#alarms"/.exec(page.body)?.[1] ?? ''
  const next = textOf(await browser.open(gate.portal + older.replaceAll('&amp;', '&')))
  t.match(next, /Reason 3\..*Reason 0\..*Newest alarms/)
  t.match(textOf(await browser.open(`${admin}/watch?after=x`)), 'Of a later release')
  t.match(textOf(await browser.open(`${admin}/watch/${ada.id}`)), 'Of a later release')
})

t.test('what is new in an app: approved with a reason, and changes that are announced', async t => {
  const budgets = 'watch: { budgets: [{ id: bulk, per: person, window: 1h, bytes: 1MiB, then: [journal] }] }'
  const { person, admin, gate, time, journal } = await openDesk(t, { extra: budgets })
  const { store } = gate.server.runtime
  const page = '/login'
  const mark = { kind: 'form', value: 'https://evil.example with a password' } as const
  const finding = makeFinding('notebooks', page, [mark], 'alarm', time.read() - 3_600_000)
  await openRecord.put(store, 'notebooks', { ...nothingOpen, findings: [finding] })
  await knownRecord.put(store, 'notebooks', {
    since: time.read() - 86_400_000,
    pages: 40,
    marks: {},
    rates: [],
    notes: []
  })
  const { browser } = await person('oscar', operator)
  const { browser: desk } = await person('hilda', { groups: ['helpdesk'] })
  const text = textOf(await browser.open(`${admin}/watch`))
  t.match(
    text,
    /Changes of apps .*notebooks alarm : New on \/login of the app ‘?.notebooks.: a form that asks for a password/
  )
  t.match(text, /does not learn what is usual for each person\. The key watch\.unusual/)
  t.match(text, /First seen 1 hour ago|First seen an hour ago/)
  const approve = `${admin}/watch/approve?app=notebooks&finding=${finding.id}`
  t.equal((await desk.open(approve)).status, 403)
  const form = await browser.open(approve)
  t.match(textOf(form), /This cannot be undone/)
  const refused = await browser.submit(form, { reason: ' ' })
  t.match(textOf(refused), 'Give a reason')
  const done = await browser.submit(refused, { reason: 'ours' })
  t.match(textOf(done), /notebooks Nothing is new\. 40 pages were read since/)
  t.match(await journal('watch.app'), [
    { outcome: 'approved', app: 'notebooks', finding: finding.id, operator: 'oscar', why: 'ours', by: 'console' }
  ])
  t.match(textOf(await browser.open(approve)), 'Nothing is new', 'a finding that is open no more')
  const scripts = ['/a.js', '/b.js', '/later.js'].map(value =>
    makeFinding('notebooks', page, [{ kind: 'script', value }], 'change', time.read())
  )
  await openRecord.put(store, 'notebooks', { ...nothingOpen, findings: scripts.slice(0, 2) })
  t.match((await browser.open(`${admin}/watch`)).body, /approve\?app=notebooks&amp;all=1">Approve all 2 shown</)
  const all = await browser.open(`${admin}/watch/approve?app=notebooks&all=1`)
  t.match(textOf(all), /a\.js.*b\.js.*What these 2 findings name belongs to the app/s)
  await openRecord.put(store, 'notebooks', { ...nothingOpen, findings: scripts })
  await browser.submit(all, { reason: 'the new release' })
  t.same(
    (await openRecord.get(store, 'notebooks'))?.findings.map(({ id }) => id),
    [scripts[2]?.id],
    'what nobody has seen stays open'
  )
  t.equal((await journal('watch.app')).filter(({ why }) => why === 'the new release').length, 2)
  const change = await browser.submit(await browser.open(`${admin}/watch/changing?app=notebooks`), {
    reason: 'version 4.2',
    seconds: '1800'
  })
  t.match(textOf(change), /A change is announced until .*: version 4\.2 \(oscar\)/)
  t.equal((await openRecord.get(store, 'notebooks'))?.changing?.until, time.read() + 1_800_000)
  const end = await browser.submit(await browser.open(`${admin}/watch/changing?app=notebooks&end=1`), {
    reason: 'done'
  })
  t.notMatch(textOf(end), 'A change is announced')
  t.equal((await browser.open(`${admin}/watch/changing?app=nowhere`)).status, 404)
})

t.test('the posture: who has set it and why; budgets are as small as it makes them', async t => {
  const { person, admin, gate, time } = await openDesk(t, { extra: watch })
  const { store, accounts } = gate.server.runtime
  const ada = await accounts.create({ name: 'ada' })
  const budget = gate.server.runtime.budgets?.all[0]
  if (budget === undefined) throw new Error('there is no budget')
  const ledger = emptyLedger(budget)
  const slots = withAmount([], slotAt(time.read(), ledger.slotMs), 300 * 1024)
  await ledgerRecord.put(store, ledgerId(budget, ada.id), { ...ledger, slots })
  const { browser } = await person('oscar', operator)
  const before = textOf(await browser.open(`${admin}/watch`))
  t.match(before, 'The posture is normal for all apps.')
  t.match(before, '300 KiB of 1 MiB (29 %)')
  t.notMatch(before, 'The posture makes it')
  const turn = { why: 'odd <b>sign-ins', by: 'olga', until: time.read() + 3_600_000 }
  await turnDial(store, { ...turn, level: 'elevated', app: null }, time.read())
  await turnDial(store, { ...turn, level: 'lockdown', app: 'notebooks', until: null }, time.read())
  time.advance(60)
  const page = await browser.open(`${admin}/watch`)
  t.match(textOf(page), /Elevated for all apps Set by olga .*, until 20.* UTC\. Reason: odd &lt;b> ?sign-ins/)
  t.match(textOf(page), /Lockdown for notebooks Set by olga .*, with no end/)
  t.match(textOf(page), /1 MiB from .*; then journal\. The posture makes it 512 KiB now\..*300 KiB of 512 KiB \(59 %\)/)
  await gate.server.runtime.journal.commit({ kind: 'gate.reload', at: time.read() })
  t.match(textOf(await browser.open(`${admin}/journal`)), /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/)
  t.match(textOf(await browser.open(`${admin}/watch/${ada.id}`)), /From 13 on the gate reports, from 23\.5 on it asks/)
})

t.test('decoys: which there are, what was touched, and what follows', async t => {
  const app = await echoApp(t)
  const { person, admin, gate, time } = await openDesk(t, {
    apps: `  - { id: notebooks, url: "http://notebooks.localhost:PORT", upstream: "${app.url}", decoys: [/finance/**, { path: /old/list.xlsx, serve: xlsx, then: [journal] }] }`
  })
  const { browser } = await person('oscar', operator)
  const before = textOf(await browser.open(`${admin}/watch`))
  t.match(before, /Decoys .*\/finance\/\*\* notebooks by nobody who is signed in notify, suspend/)
  t.match(
    before,
    /\/old\/list\.xlsx notebooks, a file that the gate makes up \(xlsx\) by nobody who is signed in journal/
  )
  t.notMatch(before, 'Nothing is watched yet')
  const { account: ada } = await person('ada')
  const touch = { kind: 'watch.decoy', app: 'notebooks', decoy: '/finance/**', at: time.read() } as const
  const { journal } = gate.server.runtime
  journal.record({ ...touch, account: ada.id, name: 'ada', outcome: 'touched', why: 'ada opened the decoy.' })
  journal.record({ ...touch, outcome: 'stranger', repeated: 3, why: 'Somebody asked for the decoy.' })
  await journal.flush()
  const page = textOf(await browser.open(`${admin}/watch`))
  t.match(page, /touched decoy ada notebooks ada opened the decoy\./)
  t.match(page, /\/finance\/\*\* notebooks once by one person 4 times by strangers now notify, suspend/)
})
