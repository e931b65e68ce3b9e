/** The watch on one app with the store behind it: gates that share it, damaged and newer records, limits, approvals, a store that is away. */
import t from 'tap'
import { AppChanges } from '../../src/administration/app-changes.ts'
import { AppMemory } from '../../src/integrity/app-memory.ts'
import { AppWatch } from '../../src/integrity/app-watch.ts'
import type { Finding } from '../../src/integrity/finding.ts'
import { knownRecord, openRecord } from '../../src/integrity/records.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'
import { learned, read, visit } from './fixture.ts'

function lab() {
  const time = new TestClock()
  const store = new MemoryStore(time.read)
  const found: (readonly [Finding, isTold: boolean])[] = []
  const said: string[] = []
  const full: string[] = []
  const gate = async (learnMs = 0, clock = time.read) => {
    const watch = new AppWatch({
      app: 'files',
      store,
      clock,
      onFinding: (finding, isTold) => found.push([finding, isTold]),
      onFull: place => full.push(place),
      say: why => said.push(why)
    })
    watch.learnMs = learnMs
    await watch.load()
    return watch
  }
  const changes = new AppChanges({ store, clock: time.read, record: async () => {} })
  return { time, store, found, said, full, gate, changes }
}

const html = (more = '') =>
  `<html><head><script src="/app.js"></script></head><body><form action="/go"></form>${more}</body></html>`
const script = (host: string) => html(`<script src="https://${host}/x.js"></script>`)

function show(watch: AppWatch, text: string, times = 1, page = '/login', isStranger = false): void {
  for (let i = 0; i < times; i++)
    watch.see({
      page,
      endpoint: { kind: 'endpoint', value: `GET ${page}` },
      reading: read(text, page),
      isFetched: false,
      isStranger
    })
}

t.test('what one gate has learned, another knows, and one of them says what is new', async t => {
  const { gate, found, time, store } = lab()
  const one = await gate()
  show(one, html(), 20)
  await one.sync(true)
  t.ok(store.calls > 0)
  const other = await gate()
  show(other, html(), 5)
  show(other, script('evil.example'))
  show(one, script('evil.example'))
  await Promise.all([one.sync(), other.sync()])
  t.equal(found.length, 1)
  t.match(found[0]?.[0], { severity: 'alarm', why: /loads a script from https:\/\/evil\.example/ })
  time.advance(3600)
  show(other, script('evil.example'), 5)
  await other.sync()
  t.equal(found.length, 1, 'once, however often it is seen')
})

t.test('learning lasts as long as is asked, and ten pages', async t => {
  const { gate, found, time } = lab()
  const watch = await gate(86_400_000)
  show(watch, html(), 20)
  show(watch, script('cdn.example'))
  time.advance(86_401)
  show(watch, script('cdn.example'), 3)
  show(watch, script('evil.example'))
  await watch.sync()
  t.same(
    found.map(([{ items }]) => items.map(({ value }) => value)),
    [['https://evil.example/']]
  )
})

t.test('a damaged record, and one of a newer release, are said once and learned anew', async t => {
  for (const [text, says, isKept] of [
    ['no JSON', /damaged/, false],
    [JSON.stringify({ v: 1, since: 'x' }), /damaged/, false],
    [JSON.stringify({ v: 99, since: 1 }), /newer release/, true]
  ] as const) {
    const { gate, found, said, store, time } = lab()
    await store.put(knownRecord.key('files'), text)
    await store.put(openRecord.key('files'), text)
    const watch = await gate(86_400_000)
    await watch.reload()
    t.match(said[0], says)
    t.equal(said.length, 2, 'once for what is known, and once for what is open')
    show(watch, html(), 20)
    show(watch, script('evil.example'), 3)
    time.advance(60)
    await watch.sync(true).catch(() => {})
    t.same(found, [], 'no storm')
    t.equal((await store.get(knownRecord.key('files'))) === text, isKept, 'a newer record is never overwritten')
  }
})

t.test('an app that changes as a whole: few notices, a bound of findings, silence', async t => {
  const { gate, found, full, store, time, changes } = lab()
  const watch = await gate()
  for (let i = 0; i < 60; i++)
    show(watch, html(), 4, `/p${String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26))}`)
  for (let i = 0; i < 60; i++) {
    const name = String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26))
    show(watch, html(`<script>update${name}(); more${name}()</script>`), 1, `/p${name}`)
    await watch.sync()
    time.advance(1)
  }
  t.equal(found.length, 24)
  t.equal(found.filter(([, isTold]) => isTold).length, 3)
  t.same(full, ['change'], 'that there is no more room is said once')
  t.ok((await store.get(openRecord.key('files')))!.length < 512 * 1024)
  show(watch, script('evil.example'), 1, '/paa')
  await watch.sync()
  t.match(found[24], [{ severity: 'alarm', page: '/paa' }, true], 'an alarm has a place, and is told of')
  const [state] = await changes.read(['files'])
  t.match(state!.full, [/list of what is new in the app 'files' is full: further changes are not listed/])
  for (const { id } of state!.findings) t.ok(await changes.approve('files', id))
  await watch.reload()
  t.equal(watch.findings.length, 0)
  show(watch, html('<script>updateaa(); moreaa()</script>'), 2, '/paa')
  await watch.sync()
  t.equal(found.length, 25, 'what was approved is known')
  t.same((await changes.read(['files']))[0]!.full, [])
  show(watch, html('<script>updatezb(); morezb()</script>'), 1, '/pzb')
  await watch.sync()
  t.equal(found.length, 26, 'what had no place is not learned, and found when there is room')
  t.same(full, ['change'])
})

t.test('N3 · a stranger asks for many paths → no alarm is crowded out, no notice used up, nothing learned', async t => {
  const { gate, found, full, time } = lab()
  const watch = await gate()
  show(watch, html(), 20)
  const ask = (page: string, isStranger: boolean) =>
    watch.see({
      page,
      endpoint: { kind: 'endpoint', value: `POST ${page}` },
      reading: null,
      isFetched: false,
      isStranger
    })
  const names = Array.from({ length: 40 }, (_, i) => `${String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26))}`)
  for (const name of names) ask(`/pub/${name}/go`, true)
  await watch.sync()
  t.same(found, [])
  for (const name of names) {
    ask(`/uploads/${name}.php`, true)
    await watch.sync()
    time.advance(1)
  }
  t.equal(found.length, 4, 'a program among the files is an alarm, whoever has asked for it')
  t.equal(found.filter(([, isTold]) => isTold).length, 2)
  t.same(full, ['stranger'])
  ask('/pub/ab/go', false)
  await watch.sync()
  t.match(found[4], [{ severity: 'change', page: '/pub/ab/go' }, true], 'the path was not learned')
  for (const name of names) {
    ask(`/files/${name}.jsp`, false)
    await watch.sync()
    time.advance(60)
  }
  t.same(full, ['stranger', 'program'], 'paths alone have few places')
  show(watch, html('<form action="https://evil.example"><input type="password"></form>'), 1, '/login', true)
  await watch.sync()
  t.match(found.at(-1), [
    { severity: 'alarm', page: '/login', why: /password is sent to https:\/\/evil\.example/ },
    true
  ])
})

t.test('alarms displace changes, and when alarms fill the list too, this is said', async t => {
  const { gate, found, full, changes } = lab()
  const watch = await gate()
  const names = Array.from({ length: 34 }, (_, i) => String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26)))
  for (const name of names) show(watch, html(), 20, `/p${name}`)
  for (const name of names.slice(0, 26)) {
    show(watch, html(`<script>one${name}()</script>`), 1, `/p${name}`)
    await watch.sync()
  }
  for (const name of names) {
    show(watch, script(`evil-${name}.example`), 1, `/p${name}`)
    await watch.sync()
  }
  t.equal(found.filter(([{ severity }]) => severity === 'alarm').length, 32)
  t.same(full, ['change', 'alarm'])
  const [state] = await changes.read(['files'])
  t.ok(state!.findings.every(({ severity }) => severity === 'alarm'))
  t.equal(state!.full.length, 2)
})

t.test('a store that is away delays the line, and loses nothing', async t => {
  const { gate, found, store } = lab()
  const watch = await gate()
  show(watch, html(), 20)
  store.isDown = true
  show(watch, script('evil.example'), 3)
  await t.rejects(watch.sync())
  t.equal(watch.findings.length, 1)
  store.isDown = false
  await watch.sync()
  t.equal(found.length, 1)
  t.match(JSON.parse((await store.get(openRecord.key('files')))!).findings, [{ page: '/login' }])
})

t.test('what is known is bounded', async t => {
  const { gate, store } = lab()
  const watch = await gate(86_400_000)
  for (let i = 0; i < 150; i++) {
    const code = Array.from(
      { length: 60 },
      (_, k) => `f${'abcdefghij'[k % 10]}${[...String(i * 60 + k)].map(d => 'klmnopqrst'[Number(d)]).join('')}()`
    )
    const links = Array.from(
      { length: 40 },
      (_, k) =>
        `<a href="/${'x'.repeat(90)}/${[...String(i * 40 + k)].map(d => 'klmnopqrst'[Number(d)]).join('')}"></a>`
    )
    show(watch, html(`<script>${code.join(';')}</script>${links.join('')}`))
  }
  await watch.sync(true)
  t.ok((await store.get(knownRecord.key('files')))!.length < 800_000)
})

t.test('strangers whose requests a page reflects do not teach that new things are ordinary there', async t => {
  const html = (more: string) =>
    `<!doctype html><title>Sign in</title><form method=post action="/login"><input type=password></form>${more}`
  const open = new Set<string>()
  const memory = learned([['/login', html('')]], 40)
  const seen = (more: string, isStranger: boolean) =>
    visit(memory, '/login', html(more), false, open, 'GET', isStranger)
  for (let n = 0; n < 200; n++) {
    const novelty = seen(
      `<script src="https://x${n}.example/a.js"></script><script>run(${'a'.repeat(n + 1)}())</script>`,
      true
    )
    for (const { kind, value } of novelty?.marks ?? []) open.add(`${kind} ${value}`)
  }
  const skimmer = seen('<script src="https://skimmer.example/s.js"></script>', true)
  t.match(skimmer, { severity: 'alarm' }, 'the true one is still found')
  t.match(skimmer?.marks.map(({ value }) => value).join(), /skimmer/)
})

const dayMs = 86_400_000

/** Whether the check of an app still learns on each day, of a gate whose clock shows these days in turn. */
function learning(memory: AppMemory, days: readonly number[]): boolean[] {
  memory.pages = 1000
  return days.map(day => {
    memory.noteTime(day * dayMs, 7 * dayMs)
    return memory.isLearning(day * dayMs, 7 * dayMs)
  })
}

t.test('a learning that began while the clock stood years ahead is no longer than it should be', async t => {
  t.same(learning(new AppMemory(4000 * dayMs), [10, 11, 17, 18]), [true, true, true, false])
})

t.test('a clock that is behind for a moment does not end the learning', async t => {
  const memory = new AppMemory(100 * dayMs)
  t.same(learning(memory, [101, 50, 101, 106, 107]), [true, true, true, true, false])
  const fresh = new AppMemory(50 * dayMs)
  fresh.merge({ ...memory.text(), since: 100 * dayMs })
  t.same(
    learning(fresh, [50, 101, 107]),
    [true, true, false],
    'what a gate takes for its first moment is not the first'
  )
})

t.test('a learning that began while the clock was behind is as long as it should be', async t => {
  t.same(learning(new AppMemory(0), [0, 10_000, 10_006, 10_007]), [true, true, true, false])
})

t.test('a clock that is years ahead for a moment restarts the learning of no gate', async t => {
  const { gate, found, time } = lab()
  let aheadDays = 0
  const ahead = await gate(7 * dayMs, () => time.read() + aheadDays * dayMs)
  const gates = [ahead, await gate(7 * dayMs)]
  const use = async (watch: AppWatch, text: string, times = 1) => {
    show(watch, text, times)
    await watch.sync(true)
  }
  for (const each of gates) await use(each, html(), 20)
  time.advance(6 * 86_400)
  aheadDays = 500
  await use(ahead, html())
  t.equal(ahead.isQuiet, true, 'nobody knows yet which clock is wrong')
  aheadDays = 0
  for (const each of gates) await use(each, html())
  time.advance(1.5 * 86_400)
  for (const each of gates) {
    await use(each, html())
    t.equal(each.isQuiet, false)
  }
  await use(gates[1]!, script('skimmer.example'), 20)
  t.equal(found.length, 1)
})

t.test('a clock that goes on years later is believed after ten minutes, also if it goes on twice', async t => {
  const minute = 1 / 1440
  const memory = new AppMemory(0)
  t.same(learning(memory, [0, 500, 10_000, 10_000 + 9 * minute]), [true, true, true, true])
  t.equal(memory.since, 0)
  t.same(learning(memory, [10_000 + 10 * minute, 10_006, 10_007]), [true, true, false])
  t.equal(memory.since, 10_000 * dayMs)
})

t.test('a clock that is put right before the first page ends no learning either', async t => {
  const { gate, time } = lab()
  let behindMs = time.read()
  const watch = await gate(7 * dayMs, () => time.read() - behindMs)
  behindMs = 0
  const quiet: boolean[] = []
  for (const days of [0, 6, 1]) {
    time.advance(days * 86_400)
    show(watch, html(), 16)
    await watch.sync()
    quiet.push(watch.isQuiet)
  }
  t.same(quiet, [true, true, false])
})

t.test('what one gate has put right holds for the others', async t => {
  const ahead = { ...new AppMemory(4000 * dayMs).text() }
  const [one, other] = [new AppMemory(0), new AppMemory(0)]
  for (const memory of [one, other]) memory.merge(ahead)
  learning(one, [10, 11])
  one.merge(ahead)
  t.equal(one.since, 11 * dayMs)
  other.merge(one.text())
  t.equal(other.since, 11 * dayMs)
})
