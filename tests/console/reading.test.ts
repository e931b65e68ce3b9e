/** What the console shows: people by search and pages, the journal, the configuration without secrets, who is in, who waits. */
import { appendFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { PagedSearch } from '../../src/administration/journal-search.ts'
import { openDesk, textOf } from '../fixtures/in-process/console.ts'

const operator = { groups: ['operators'] }

t.test('people: search, filters, pages of fifty', async t => {
  const { person, admin, gate } = await openDesk(t)
  const { accounts } = gate.server.runtime
  for (let i = 0; i < 60; i++)
    await accounts.create({ name: `p${i}`, displayName: `Person ${i}`, email: `p${i}@lab.example`, groups: ['guests'] })
  const { account: ada } = await person('ada', { groups: ['microscopes'] })
  const { browser } = await person('oscar', operator)
  await accounts.suspend(ada.id, 'x')
  const found = async (query: string) => textOf(await browser.open(`${admin}/people?${query}`))
  t.match(await found(''), /62 people\. Page 1 of 2 Next/)
  t.match(await found('page=2'), /Page 2 of 2 Previous/)
  t.match(await found('page=99'), /Page 2 of 2/)
  t.match(await found('q=P17@LAB'), /Person 17 .*One person/)
  t.match(await found('q=microsc'), /ada .*One person/)
  t.match(await found('show=suspended'), /ada .*suspended One person/)
  t.match(await found('show=roles'), /oscar .*One person/)
  t.match(await found('show=unenrolled'), /60 people/)
  t.match(await found('q=%3Cscript%3E'), 'Nobody fits')
  await accounts.create({ name: 'late' })
  t.match(await found('q=late'), 'One person', 'a new account is found at once')
  await accounts.update(ada.id, { displayName: 'Ada Lovelace' })
  t.match(await found('q=lovelace'), /Ada Lovelace ada .*One person/)
  await accounts.remove(ada.id)
  t.match(await found('q=lovelace'), 'Nobody fits')
})

t.test('who is in, and who is gone', async t => {
  const { person, admin, gate } = await openDesk(t)
  const { account: ada, session } = await person('ada')
  await person('eve', { proof: null })
  const { browser } = await person('oscar', operator)
  const page = textOf(await browser.open(`${admin}/`))
  t.match(page, /3 people are signed in, with no open connection/)
  t.match(page, /eve Firefox on Linux second factor not shown yet/)
  t.notMatch(page, /eve eve/, 'one name where the displayed one is the same')
  gate.server.runtime.live.add({
    sessionId: session,
    accountId: ada.id,
    appId: 'notebooks',
    groups: [],
    endsAt: null,
    isSocket: true,
    bytesMoved: 1_234_000,
    end: () => {}
  })
  t.match(textOf(await browser.open(`${admin}/people/${ada.id}`)), /One open connection, 1\.\d\d MiB moved/)
  const form = await browser.open(`${admin}/people/${ada.id}/revoke`)
  await browser.submit(form, { reason: 'x' })
  t.match(textOf(await browser.open(`${admin}/`)), /2 people are signed in/)
})

t.test('waits are shown, and end when an operator says so', async t => {
  const { person, admin, gate, time, journal } = await openDesk(t)
  const { account: ada } = await person('ada')
  const { browser } = await person('oscar', operator)
  const { limiter, store } = gate.server.runtime
  const own = { kind: 'factor', key: `totp:${ada.id}@browser-x` } as const
  const count = JSON.stringify({ v: 1, failures: 30, at: time.read(), until: time.read() + 200_000 })
  await store.put('attempts:address:198.51.100.4', count)
  await store.put(`attempts:factor:${own.key}`, count)
  t.equal((await limiter.reserve([own])).kind, 'throttled')
  const waits = textOf(await browser.open(`${admin}/waits`))
  t.match(waits, /2 counts of wrong tries make people wait/)
  t.match(waits, /198\.51\.100\.4 .*everybody at this address 30 4 minutes/)
  const page = await browser.open(`${admin}/people/${ada.id}`)
  t.match(textOf(page), /Authenticator app \(second factor, from a known place\)/)
  const done = await browser.submit(await browser.open(`${admin}/people/${ada.id}/unlock`), { reason: 'mistyped' })
  t.match(textOf(done), 'ada need not wait any more')
  t.equal((await limiter.reserve([own])).kind, 'allowed')
  t.match(textOf(await browser.open(`${admin}/waits`)), /One count of wrong tries/, 'the network’s count stays')
  const link = /href="([^"]*\/waits\/end\?[^"]*)"/.exec((await browser.open(`${admin}/waits`)).body)?.[1] ?? ''
  const form = await browser.open(gate.portal + link.replaceAll('&amp;', '&'))
  t.match(textOf(await browser.submit(form, { reason: 'course' })), 'Nobody has to wait')
  t.match(await journal('throttle'), [
    { outcome: 'unlocked', network: '198.51.100.4', operator: 'oscar', why: 'course' }
  ])
  const { browser: desk } = await person('hilda', { groups: ['helpdesk'] })
  t.equal((await desk.open(gate.portal + link.replaceAll('&amp;', '&'))).status, 403)
})

t.test('the journal by person, kind, time and reference', async t => {
  const { person, admin, gate, time } = await openDesk(t)
  const { account: ada } = await person('ada')
  const { browser } = await person('oscar', operator)
  const { journal } = gate.server.runtime
  const at = time.read()
  journal.record({ kind: 'login', at, request: '7K3M-9QXZ', account: ada.id, name: 'ada', outcome: 'accepted' })
  journal.record({ kind: 'session.end', at: at - 86_400_000, account: ada.id, outcome: 'logout' })
  journal.record({ kind: 'login', at, name: 'eve', outcome: 'refused', why: '<b>markup</b>' })
  await journal.flush()
  const found = async (query: string) => textOf(await browser.open(`${admin}/journal?${query}`))
  t.match(await found('kind=login'), /login .*eve .*refused .*login .*ada .*accepted/)
  t.match(await found('person=ada&kind=session'), /session\.end/, 'an entry that has only the id')
  t.notMatch(await found('person=ada&kind=login'), /\beve\b/)
  t.match(await found('reference=7k3m-9qxz'), /7K3M-9QXZ/)
  t.match(await found('reference=xx'), 'A reference has eight characters')
  t.match(await found('from=yesterday'), 'Type a time such as')
  const yesterday = new Date(at - 86_400_000).toISOString().slice(0, 10)
  const day = await found(`from=${yesterday}&to=${yesterday}&person=ada`)
  t.match(day, 'session.end')
  t.notMatch(day, 'accepted')
  t.match(await found('person=nobody'), 'No entry fits')
  t.notMatch((await browser.open(`${admin}/journal?kind=login`)).body, '<b>markup')
})

t.test('the journal with pseudonyms is searched by the real name', async t => {
  const settings = '{ file: ./journal.jsonl, pseudonyms: [user] }'
  const { person, admin, gate, time, journal } = await openDesk(t, { journal: settings })
  const { browser } = await person('oscar', operator)
  const at = time.read()
  gate.server.runtime.journal.record({ kind: 'login', at, request: '7K3M-9QXZ', name: 'eve', outcome: 'refused' })
  t.match((await journal('login'))[0]?.name, /^~/, 'the line does not name her')
  const found = async (query: string) => textOf(await browser.open(`${admin}/journal?${query}`))
  t.match(await found('person=eve&kind=login'), '7K3M-9QXZ')
  t.match(await found('person=Eve&kind=login'), '7K3M-9QXZ', 'as it was typed')
  t.notMatch(await found('person=adam&kind=login'), '7K3M-9QXZ')
})

t.test('the journal is read backwards in bounded parts, over rotated files', async t => {
  const file = path.join(t.testdir({}), 'journal.jsonl')
  const line = (i: number) =>
    `${JSON.stringify({ at: new Date(i * 1000).toISOString(), kind: 'login', name: `p${i % 7}`, pad: 'x'.repeat(300) })}\n`
  await writeFile(`${file}.1`, Array.from({ length: 3000 }, (_, i) => line(i)).join(''))
  await writeFile(file, Array.from({ length: 3000 }, (_, i) => line(3000 + i)).join(''))
  await appendFile(file, '{"at":"torn')
  const query = { reference: null, person: ['p3'], app: null, kind: null, from: null, to: null }
  const reader = new PagedSearch({ file, bound: 60_000 })
  const seen: string[] = []
  let next: string | null = null
  let parts = 0
  do {
    const page = await reader.search(query, next, 50)
    seen.push(...page.entries.map(entry => entry.at))
    next = page.next
    if (page.isPartly) parts++
  } while (next !== null)
  t.equal(seen.length, Array.from({ length: 6000 }, (_, i) => i).filter(i => i % 7 === 3).length)
  t.same(seen, [...seen].sort().reverse(), 'the newest first, each once')
  t.ok(parts > 0, 'a question ends at its bound')
  t.same((await new PagedSearch({ file }).search({ ...query, person: null }, 'other@5', 10)).entries, [])
  t.same((await new PagedSearch({ file: path.join(t.testdirName, 'none') }).search(query, null, 10)).entries, [])
})

t.test('the configuration: no secret, and what was refused', async t => {
  const secret = 'swordfish-of-the-lab'
  const extra = `redis: { password: "${secret}" }`
  const { person, admin, gate, time } = await openDesk(t, { extra })
  const { browser } = await person('oscar', operator)
  const page = await browser.open(`${admin}/configuration`)
  const text = textOf(page)
  t.match(text, 'The file is in force')
  t.match(text, /password: \(not shown\)/)
  t.notMatch(page.body, secret)
  t.match(text, /title: Test Lab/)
  t.match(text, /shutdownTimeout: 2s/)
  time.advance(120)
  await gate.server.refuse(['factorgate.yaml:3:5  portal.titel  is not a key'])
  const refused = textOf(await browser.open(`${admin}/configuration`))
  t.match(refused, 'A newer file was refused')
  t.match(refused, 'portal.titel is not a key')
  await gate.server.reload(await gate.load())
  t.match(textOf(await browser.open(`${admin}/configuration`)), 'The file is in force')
  const { browser: desk } = await person('hilda', { groups: ['helpdesk'] })
  t.equal((await desk.open(`${admin}/configuration`)).status, 403)
})
