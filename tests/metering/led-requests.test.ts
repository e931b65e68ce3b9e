/** Which requests count as led: by another site or a prefetch, and what a page loads that somebody was led to. */
import t from 'tap'
import { LedRequests } from '../../src/metering/led-requests.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'

const site = { origin: 'https://files.lab.example', secure: true }
const ours = new Set(['https://gate.lab.example', site.origin, 'https://notes.lab.example'])
const foreign = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const click = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const picture = { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }
const frame = { ...foreign, 'sec-fetch-dest': 'iframe' }
const silent = { 'user-agent': 'Mozilla/5.0 Firefox/80.0', referer: 'https://notes.lab.example/wiki' }

function gate(clock = new TestClock(), store: MemoryStore | null = null) {
  const led = new LedRequests({ clock: clock.read, store })
  led.ours = ours
  return { led, clock }
}

const cases: readonly (readonly [string, Record<string, string>, boolean])[] = [
  ['a click in the app', click, false],
  ['an address that was typed', { ...click, 'sec-fetch-site': 'none' }, false],
  ['a picture in a page of the app', { ...click, ...picture }, false],
  ['a program', { 'user-agent': 'curl/8.9', accept: '*/*' }, false],
  ['a link on another site', { ...foreign, referer: 'https://evil.example/' }, true],
  ['a link on another site, which hides itself', foreign, true],
  ['a page of the same site that is none of ours', { ...foreign, 'sec-fetch-site': 'same-site' }, true],
  ['a host that begins like ours', { ...foreign, referer: 'https://gate.lab.example.evil.example/' }, true],
  ['a prefetch', { 'sec-purpose': 'prefetch', 'sec-fetch-site': 'same-origin' }, true],
  ['a prefetch from the portal', { 'sec-purpose': 'prefetch', referer: 'https://gate.lab.example/' }, true],
  ['a link in the portal', { ...foreign, 'sec-fetch-site': 'same-site', referer: 'https://gate.lab.example/' }, false],
  [
    'a link in another app',
    { ...foreign, 'sec-fetch-site': 'same-site', referer: 'https://NOTES.lab.example/' },
    false
  ],
  ['a form of the portal', { ...foreign, origin: 'https://gate.lab.example' }, false],
  ['a link in another app, by a browser without Fetch Metadata', { ...silent, accept: 'text/html,*/*;q=0.8' }, false],
  ['a picture in a page of another app', { ...foreign, ...picture, referer: 'https://notes.lab.example/wiki' }, true],
  ['such a picture, by a browser without Fetch Metadata', { ...silent, accept: 'image/webp,*/*' }, true],
  ['a frame in a page of another app', { ...frame, referer: 'https://notes.lab.example/wiki' }, true]
]

t.test('O7 · another site and a prefetch lead; the portal, the apps and their people do not', async t => {
  for (const [what, headers, isLed] of cases) t.equal(gate().led.isLed(headers, site, 's1'), isLed, what)
})

t.test('what a page loads counts with the navigation that opened it, for a minute and in its session', async t => {
  const { led, clock } = gate()
  const script = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }
  t.equal(led.isLed(foreign, site, 's1'), true)
  clock.advance(59)
  t.equal(led.isLed(script, site, 's1'), true, 'its scripts')
  t.equal(led.isLed(script, site, 's2'), false, 'another session')
  clock.advance(2)
  t.equal(led.isLed(script, site, 's1'), false, 'a minute later')
  t.equal(led.isLed({ ...script, 'sec-purpose': 'prefetch' }, site, 's1'), true)
  t.equal(led.isLed(script, site, 's1'), false, 'a page that is only prefetched loads nothing')
  const fromNotes = { 'sec-fetch-site': 'same-site', referer: 'https://notes.lab.example/wiki' }
  t.equal(led.isLed({ ...picture, ...fromNotes }, site, 's1'), true)
  t.equal(led.isLed(script, site, 's1'), false, 'nor does a picture in another app')
  t.equal(led.isLed({ ...frame, ...fromNotes }, site, 's1'), true)
  t.equal(led.isLed(script, site, 's1'), true, 'a frame does')
  t.equal(led.isLed(foreign, site, 's1'), true)
  clock.advance(-7200)
  t.equal(led.isLed(script, site, 's1'), false, 'a clock that is put back does not keep it for hours')
})

t.test('other gates of the store hear of it', async t => {
  const clock = new TestClock()
  const store = new MemoryStore(clock.read)
  const [one, other] = [gate(clock, store).led, gate(clock, store).led]
  await one.start()
  await other.start()
  one.isLed(foreign, site, 's1')
  await new Promise(resolve => setImmediate(resolve))
  t.equal(other.isLed(click, site, 's1'), true)
  one.stop()
  other.stop()
})
