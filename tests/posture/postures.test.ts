/** The dial: which posture counts, how it ends by itself, and what a process does that cannot read it. */
import t, { type Test } from 'tap'
import { dialId, dialRecord, readDial, type Turn, turnDial } from '../../src/posture/dial-record.ts'
import { type Dial, type EndedSetting, levelAt, type PostureLevel, type Setting } from '../../src/posture/posture.ts'
import { Postures } from '../../src/posture/postures.ts'
import { openStore } from '../../src/store/open.ts'
import { RecordTooNew, type Store } from '../../src/store/store.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'

const turn = (level: PostureLevel, more: Partial<Turn> = {}): Turn => ({
  level,
  app: null,
  why: 'odd sign-ins',
  by: 'olga',
  until: null,
  ...more
})

t.test('the stricter setting counts, as long as it stands', t => {
  const set = (level: Setting['level'], until: number | null = null): Setting => ({
    level,
    why: 'w',
    by: 'b',
    at: 0,
    until
  })
  const rows: readonly [string, Dial, PostureLevel][] = [
    ['nothing is set', { all: null, apps: {} }, 'normal'],
    ['all apps', { all: set('elevated'), apps: {} }, 'elevated'],
    ['the app', { all: null, apps: { files: set('lockdown') } }, 'lockdown'],
    ['another app', { all: null, apps: { other: set('lockdown') } }, 'normal'],
    ['the app is stricter', { all: set('elevated'), apps: { files: set('lockdown') } }, 'lockdown'],
    ['all apps are stricter', { all: set('lockdown'), apps: { files: set('elevated') } }, 'lockdown'],
    ['it ends at this moment', { all: set('lockdown', 100), apps: {} }, 'normal'],
    ['it ends a moment later', { all: set('lockdown', 101), apps: {} }, 'lockdown'],
    [
      'the stricter one is over, the other one is not',
      { all: set('lockdown', 100), apps: { files: set('elevated') } },
      'elevated'
    ]
  ]
  for (const [name, dial, level] of rows) t.equal(levelAt(dial, 'files', 100), level, name)
  t.equal(levelAt({ all: null, apps: {} }, 'constructor', 100), 'normal', 'an app may have any name')
  t.end()
})

async function watched(t: Test, store: Store = new MemoryStore(Date.now), time = new TestClock()) {
  const ended: EndedSetting[] = []
  const troubles: (readonly [string | null, PostureLevel | null])[] = []
  const postures = new Postures({
    store,
    clock: time.read,
    onEnded: one => void ended.push(one),
    onTrouble: (problem, kept) => void troubles.push([problem, kept])
  })
  let changes = 0
  postures.onChange(() => changes++)
  await postures.start()
  t.teardown(() => postures.stop())
  return { store, time, postures, ended, troubles, changes: () => changes }
}

const settled = async (isTrue: () => boolean) => {
  for (let i = 0; i < 2000 && !isTrue(); i++) await new Promise(resolve => setTimeout(resolve, 1))
}

t.test('on every store: what one process sets, the others know, and its end is said once', async t => {
  const redis = await startRedis(t)
  for (const url of [`embedded:${t.testdir()}`, redis.url]) {
    const store = await openStore(url, {})
    t.teardown(() => store.close())
    const one = await watched(t, store)
    const other = await watched(t, store, one.time)
    const until = one.time.now + 3_600_000
    await turnDial(store, turn('elevated', { until }), one.time.now)
    const { before, now } = await turnDial(store, turn('lockdown', { app: 'files' }), one.time.now)
    t.match([before, now], ['normal', 'lockdown'])
    await settled(() => other.postures.level('files') === 'lockdown')
    t.match([other.postures.level('files'), other.postures.level('notes')], ['lockdown', 'elevated'], url)
    t.match(other.postures.setting('notes'), { by: 'olga', why: 'odd sign-ins', until })
    t.ok(other.changes() >= 1, 'the listeners hear of it')

    one.time.now = until
    t.equal(one.postures.level('notes'), 'normal', 'it ends by the clock, before anybody has looked')
    for (const { postures } of [one, other]) postures.tick()
    await settled(() => one.ended.length + other.ended.length > 0)
    for (const { postures } of [one, other]) postures.tick()
    await Promise.all([one, other].map(({ postures }) => postures.read()))
    t.match([...one.ended, ...other.ended], [{ app: null, setting: { level: 'elevated', by: 'olga' } }])
    t.match(await readDial(store), { all: null, apps: { files: { level: 'lockdown' } } })

    const again = await turnDial(store, turn('normal', { app: 'files' }), one.time.now)
    t.match([again.before, again.now], ['lockdown', 'normal'])
    await settled(() => other.postures.level('files') === 'normal')
    t.equal(other.postures.level('files'), 'normal')
  }
})

t.test('an app is as strict as all apps, whatever is set for it', async t => {
  const { store, time } = await watched(t)
  await turnDial(store, turn('lockdown'), time.now)
  t.match(await turnDial(store, turn('normal', { app: 'files' }), time.now), { before: 'normal', now: 'lockdown' })
})

t.test('whoever sets it anew says what has ended meanwhile', async t => {
  const { store, time } = await watched(t)
  await turnDial(store, turn('lockdown', { app: 'files', until: time.now + 1000 }), time.now)
  const { ended } = await turnDial(store, turn('elevated'), time.now + 1000)
  t.match(ended, [{ app: 'files', setting: { level: 'lockdown' } }])
})

t.test('the store goes down: the last posture stays, and it still ends', async t => {
  const store = new MemoryStore(Date.now)
  const { time, postures, troubles } = await watched(t, store)
  await turnDial(store, turn('lockdown', { until: time.now + 60_000 }), time.now)
  await postures.read()
  store.isDown = true
  await postures.read()
  t.equal(postures.level('files'), 'lockdown')
  t.same(troubles, [], 'the store’s trouble is said elsewhere')
  time.advance(60)
  t.equal(postures.level('files'), 'normal')
})

t.test(
  'E2 · the record of the posture is damaged, or of a newer release → the last posture stays; at the start all apps are elevated',
  async t => {
    const newer = JSON.stringify({ v: 2, all: 'purple' })
    for (const [name, text, problem] of [
      ['a newer release wrote it', newer, /version 2/],
      ['it is damaged', '{"all":7}', /damaged/]
    ] as const) {
      const store = new MemoryStore(Date.now)
      const running = await watched(t, store)
      await turnDial(store, turn('lockdown'), running.time.now)
      await running.postures.read()
      await store.put(dialRecord.key(dialId), text)
      await running.postures.read()
      t.equal(running.postures.level('files'), 'lockdown', name)
      await running.postures.read()
      t.match(running.troubles, [[problem, 'lockdown']], 'it is said once')

      const starting = await watched(t, store)
      t.match([starting.postures.level('files'), starting.postures.setting('files')], ['elevated', null], name)
      t.match(starting.troubles, [[problem, null]])
      if (text === newer) {
        await t.rejects(turnDial(store, turn('normal'), starting.time.now), RecordTooNew, 'and it is not overwritten')
        continue
      }
      await t.rejects(turnDial(store, turn('normal', { app: 'files' }), starting.time.now), /for all apps first/)
      await turnDial(store, turn('normal'), starting.time.now)
      await starting.postures.read()
      t.equal(starting.postures.level('files'), 'normal')
      t.match(starting.troubles.at(-1), [null])
    }
  }
)

t.test('notices get lost: the store is asked instead', async t => {
  const store = new MemoryStore(Date.now)
  const { subscribe } = store
  let tell: Parameters<Store['subscribe']>[1] = () => {}
  store.subscribe = async (_, listener) => {
    tell = listener
    return () => {}
  }
  const { time, postures } = await watched(t, store)
  store.subscribe = subscribe
  tell({ kind: 'lost' })
  await turnDial(store, turn('elevated'), time.now)
  await postures.read()
  await turnDial(store, turn('lockdown'), time.now)
  postures.tick()
  await settled(() => postures.level(null) === 'lockdown')
  t.equal(postures.level(null), 'lockdown')
})

t.test('the record has a bound', async t => {
  const store = new MemoryStore(Date.now)
  const apps = Object.fromEntries(
    Array.from({ length: 200 }, (_, i) => [`app${i}`, { level: 'elevated', why: 'w', by: 'b', at: 1, until: null }])
  )
  await dialRecord.put(store, dialId, { all: null, apps } as Dial)
  await t.rejects(turnDial(store, turn('elevated', { app: 'more' }), 2), /at most 200 apps/)
  await turnDial(store, turn('lockdown', { app: 'app7' }), 2)
  t.match((await readDial(store))?.apps.app7, { level: 'lockdown' })
})
