import t from 'tap'
import type { App } from '../../src/apps/route-table.ts'
import { LiveConnections, type LiveEntry } from '../../src/forwarding/live-connections.ts'
import { SessionCache } from '../../src/session/session-cache.ts'
import { Sessions } from '../../src/session/sessions.ts'
import { watchAccess } from '../../src/watchers/access.ts'
import { MemoryStore } from '../fixtures/in-process/memory-store.ts'

const minute = 60_000

t.test('live connections', async t => {
  const time = { now: 1_700_000_000_000 }
  const clock = () => time.now
  const store = new MemoryStore(clock)
  const account = {
    id: 'A1',
    name: 'alice',
    displayName: 'Alice',
    email: null,
    groups: ['x'],
    directory: 'local',
    suspended: null,
    createdAt: 1
  }
  await store.put('account:A1', JSON.stringify(account))
  const cache = new SessionCache(store)
  await cache.watch(['session:', 'token:', 'account:'])
  const sessions = new Sessions({
    store,
    cache,
    clock,
    limits: { idleSeconds: 3600, absoluteSeconds: 7200, maxPerUser: 5 }
  })
  const live = new LiveConnections({ clock })
  const watching = watchAccess({
    ...{ store, cache, sessions, live },
    tokens: { stands: async () => true },
    onError: error => t.error(error)
  })
  t.teardown(() => {
    watching.stop()
    live.close()
  })
  const signIn = async () => {
    const proof = { kind: 'webauthn' as const, at: time.now, userVerified: true }
    return (await sessions.start({ accountId: 'A1', proof, device: { userAgent: '', address: '' }, host: 'gate' }))
      .principal.session
  }
  const open = (sessionId: string, moved: () => number = () => 0, asked?: LiveEntry['asked'], isTransfer = false) => {
    const state = { ended: '' }
    const entry: LiveEntry = {
      isTransfer,
      ...{ sessionId, accountId: 'A1', appId: 'app', groups: ['x'], endsAt: null, isSocket: true },
      ...(asked === undefined ? {} : { asked }),
      get bytesMoved() {
        return moved()
      },
      end: reason => {
        state.ended = reason
        place.release()
      }
    }
    const place = live.add(entry)
    return state
  }
  const settled = async () => {
    for (let i = 0; i < 20; i++) await new Promise(setImmediate)
  }

  t.test('a connection ends with its session, at any gate', async t => {
    const session = await signIn()
    const socket = open(session.id)
    const other = open((await signIn()).id)
    await store.delete(`session:${session.id}`)
    await settled()
    t.equal(socket.ended, 'session ended')
    t.equal(other.ended, '')
  })

  t.test('an idle connection ends, and one that moves bytes stays', async t => {
    let bytes = 0
    const busy = await signIn()
    const atWork = open(busy.id, () => bytes)
    const still = open((await signIn()).id)
    for (let i = 0; i < 7; i++) {
      time.now += 10 * minute
      bytes++
      watching.sweep()
      await settled()
    }
    t.equal(still.ended, 'session ended')
    t.equal(atWork.ended, '')
    time.now += 60 * minute
    bytes++
    watching.sweep()
    await settled()
    t.equal(atWork.ended, 'session ended', 'the absolute limit applies anyway')
  })

  t.test(
    'FIELD F17 an upload or a download under way stays, also while no byte moves, until the absolute limit',
    async t => {
      const transfer = open((await signIn()).id, () => 0, undefined, true)
      const stream = open((await signIn()).id)
      for (let i = 0; i < 11; i++) {
        time.now += 10 * minute
        watching.sweep()
        await settled()
      }
      t.equal(stream.ended, 'session ended')
      t.equal(transfer.ended, '')
      time.now += 10 * minute
      watching.sweep()
      await settled()
      t.equal(transfer.ended, 'session ended')
    }
  )

  t.test('a connection ends when groups change, and at a suspension', async t => {
    const session = await signIn()
    const first = open(session.id)
    await store.put('account:A1', JSON.stringify({ ...account, displayName: 'Alice B.' }))
    await settled()
    t.equal(first.ended, '', 'another name changes nothing')
    await store.put('account:A1', JSON.stringify({ ...account, groups: ['y'] }))
    await settled()
    t.equal(first.ended, 'groups changed')
    const second = open(session.id)
    await store.put('account:A1', JSON.stringify({ ...account, suspended: { at: 1, why: 'x' } }))
    await settled()
    t.equal(second.ended, 'account suspended')
    await store.put('account:A1', JSON.stringify(account))
  })

  t.test('a session that is only half signed in any more keeps what began so', async t => {
    const session = await signIn()
    const [shown] = session.proofs
    const password = { ...shown!, kind: 'password' as const, userVerified: false }
    const request = { host: 'app', target: '/', method: 'GET', destination: undefined, origin: undefined, address: '' }
    const asked = { ...request, subject: null, proofs: [password], sessionEndsAt: null }
    const complete = open(session.id, () => 0, { ...asked, proofs: session.proofs })
    const halfWay = open(session.id, () => 0, asked)
    const key = `session:${session.id}`
    const stored = JSON.parse((await store.get(key)) ?? '')
    await store.put(key, JSON.stringify({ ...stored, proofs: [password] }))
    await settled()
    t.equal(complete.ended, 'factors changed')
    t.equal(halfWay.ended, '')
  })

  t.test(
    'O6 · this gate hears of no suspension for long → what runs at guarded apps ends, and nothing else',
    async t => {
      // The watcher's own timer keeps no process alive.
      const alive = setInterval(() => {}, 1000)
      t.teardown(() => clearInterval(alive))
      const counts: number[] = []
      const isOver = new Promise<void>(resolve => {
        const other = watchAccess({
          ...{ store, cache, sessions, live, unconfirmedMs: 1 },
          tokens: { stands: async () => true },
          onError: () => {},
          onUnconfirmed: count => {
            counts.push(count)
            resolve()
          }
        })
        t.teardown(() => other.stop())
      })
      const { id } = await signIn()
      const at = (app: Partial<App>, accountId: string | null = 'A1') => {
        const state = { ended: '', code: '' as string | undefined }
        const entry: LiveEntry = {
          ...{ sessionId: accountId === null ? null : id, accountId, appId: 'app', groups: ['x'], endsAt: null },
          ...{ isSocket: true, bytesMoved: 0, app: app as App },
          end: (reason, _closeCode, code) => {
            Object.assign(state, { ended: reason, code })
            place.release()
          }
        }
        const place = live.add(entry)
        return state
      }
      const [guarded, open, stranger] = [at({ isGuarded: true }), at({}), at({ isGuarded: true }, null)]
      store.tell({ kind: 'lost' })
      store.tell({ kind: 'ready' })
      await settled()
      t.equal(guarded.ended, '', 'a moment without notices ends nothing')
      store.isDown = true
      store.tell({ kind: 'lost' })
      await isOver
      store.isDown = false
      t.same(counts, [1])
      t.match(guarded, { ended: 'store unreachable', code: 'store_unreachable' })
      t.same([open.ended, stranger.ended], ['', ''])
      store.tell({ kind: 'ready' })
    }
  )

  t.test('O6 · while notices are lost, a guarded app goes on as long as the store confirms its access', async t => {
    const counts: number[] = []
    const troubles: unknown[] = []
    let look = () => {}
    let stops = 0
    let standsToken = async () => true
    const other = watchAccess({
      ...{ store, cache, sessions, live },
      tokens: { stands: () => standsToken() },
      onError: error => troubles.push(error),
      onUnconfirmed: count => counts.push(count),
      repeat: (_ms, run) => {
        look = run
        return () => stops++
      }
    })
    t.teardown(() => other.stop())
    const { id } = await signIn()
    const at = (of: Partial<LiveEntry>) => {
      const state = { ended: '' }
      const entry: LiveEntry = {
        ...{ sessionId: id, accountId: 'A1', appId: 'app', groups: ['x'], endsAt: null },
        ...{ isSocket: true, bytesMoved: 0, app: { isGuarded: true } as App, ...of },
        end: reason => {
          state.ended = reason
          place.release()
        }
      }
      const place = live.add(entry)
      return state
    }
    const looks = async (count: number) => {
      for (let i = 0; i < count; i++) {
        look()
        await settled()
      }
    }
    const [person, program] = [at({}), at({ sessionId: null, tokenId: 'T1' })]
    store.tell({ kind: 'lost' })
    await looks(47)
    const late = at({})
    await looks(53)
    t.same([person.ended, program.ended, late.ended, counts, troubles], ['', '', '', [], []])

    standsToken = () => new Promise(() => {})
    await looks(9)
    t.equal(program.ended, '', 'it has some time to answer')
    await looks(1)
    t.same([person.ended, program.ended, counts], ['', 'store unreachable', [1]], 'no answer ends what it concerns')

    store.isDown = true
    await looks(2)
    const early = at({})
    await looks(8)
    store.isDown = false
    t.same([person.ended, late.ended, early.ended], Array(3).fill('store unreachable'))
    store.tell({ kind: 'ready' })
    t.equal(stops, 1)
  })

  t.test('O6 · a gate that hears of nothing from its start on looks by itself from its start on', async t => {
    let hasBegun = 0
    const other = watchAccess({
      ...{ store, sessions, live, cache: { isTold: false, onNotice: () => () => {} } as unknown as SessionCache },
      tokens: { stands: async () => true },
      onError: error => t.error(error),
      repeat: () => {
        hasBegun++
        return () => {}
      }
    })
    t.teardown(() => other.stop())
    t.equal(hasBegun, 1)
  })

  t.test('while notices are lost and the store answers, this gate looks by itself', async t => {
    const alive = setInterval(() => {}, 1000)
    t.teardown(() => clearInterval(alive))
    const other = watchAccess({
      ...{ store, cache, sessions, live, unconfirmedMs: 1 },
      tokens: { stands: async () => true },
      onError: error => t.error(error)
    })
    t.teardown(() => other.stop())
    const { id } = await signIn()
    const isEnded = new Promise<string>(resolve => {
      const entry = {
        sessionId: id,
        accountId: 'A1',
        appId: 'app',
        groups: ['x'],
        endsAt: null,
        isSocket: true,
        bytesMoved: 0
      }
      const place = live.add({
        ...entry,
        end: reason => {
          place.release()
          resolve(reason)
        }
      })
    })
    store.tell({ kind: 'lost' })
    store.isMute = true
    await store.delete(`session:${id}`)
    store.isMute = false
    t.equal(await isEnded, 'session ended')
    store.tell({ kind: 'ready' })
  })

  t.test('O6 · somebody was suspended while notices were lost → what runs ends as soon as they come again', async t => {
    const socket = open((await signIn()).id)
    store.tell({ kind: 'lost' })
    store.isMute = true
    await store.put('account:A1', JSON.stringify({ ...account, suspended: { at: time.now, why: 'a theft' } }))
    await settled()
    t.equal(socket.ended, '')
    store.isMute = false
    store.tell({ kind: 'ready' })
    await settled()
    t.equal(socket.ended, 'account suspended')
    await store.put('account:A1', JSON.stringify(account))
  })

  t.test('connections are checked again after lost notices', async t => {
    const session = await signIn()
    const socket = open(session.id)
    store.tell({ kind: 'lost' })
    store.tell({ kind: 'ready' })
    await settled()
    t.equal(socket.ended, '', 'the session is still valid')
  })
})
