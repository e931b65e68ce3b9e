/** Pages that repeat what strangers ask for: the list of findings stays useful, and nothing foreign is taught. */
import t from 'tap'
import { AppMemory, type Sighting } from '../../src/integrity/app-memory.ts'
import { AppWatch } from '../../src/integrity/app-watch.ts'
import type { Finding } from '../../src/integrity/finding.ts'
import { askedBy, sourceOf } from '../../src/integrity/visitors.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'
import { read } from './fixture.ts'

const html = (more = '') =>
  `<html><head><script src="/app.js"></script></head><body><form action="/go"></form>${more}</body></html>`
const script = (host: string) => html(`<script src="https://${host}/x.js"></script>`)
const person = { isStranger: false }
const from = (address: string, query = '') => ({
  isStranger: true,
  source: sourceOf({ address, query }),
  asked: askedBy('GET', '/search', { address, query })
})
type By = Pick<Sighting, 'isStranger' | 'source' | 'asked'>

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

t.test('while a gate learns, a page that repeats what a stranger asks for teaches nothing foreign', t => {
  const memory = new AppMemory(0)
  const seen = (text: string, by: By, isQuiet: boolean) => memory.see(sighting(text, by), isQuiet, new Set())
  const cdn = '<script src="https://cdn.example/lib.js"></script>'
  for (let i = 0; i < 30; i++) seen(html(cdn), from('198.51.100.7', '?q=lamp'), true)
  for (const query of [
    '?q=%3Cscript%20src=https://evil.example/x.js%3E',
    '?q=%253Cscript+src%3Dhttps%3A%2F%2FEVIL%252Eexample%2Fx.js%253E'
  ])
    for (let i = 0; i < 100; i++)
      seen(html(`${cdn}<script src="https://evil.example/x.js"></script>`), from('198.51.100.7', query), true)
  const posted = { ...from('198.51.100.7'), asked: askedBy('POST', '/search', { address: '', query: '' }) }
  seen(html(`${cdn}<script src="https://posted.example/x.js"></script>`), posted, true)
  t.equal(seen(html(cdn), person, false), null, 'what the page really loads is learned, also from strangers alone')
  for (const host of ['evil.example', 'posted.example', 'other.example'])
    t.match(
      seen(html(`${cdn}<script src="https://${host}/x.js"></script>`), person, false),
      { severity: 'alarm' },
      `${host} is not known, and new things are not ordinary there`
    )
  t.end()
})
