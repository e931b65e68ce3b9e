/** Which upstream is asked, by the state of all of them. The clock is a number. */
import t from 'tap'
import { LoadBalancer } from '../../src/upstream/load-balancer.ts'
import type { UpstreamPool } from '../../src/upstream/pool.ts'
import { UpstreamState } from '../../src/upstream/upstream-state.ts'

function made(count: number) {
  const time = { now: 1_000_000 }
  const changes: string[] = []
  const note = ({ address }: UpstreamState, problem: string | null) => changes.push(`${address} ${problem ?? 'up'}`)
  const states = Array.from(
    { length: count },
    (_, i) => new UpstreamState('app', `http://10.0.0.${i}`, { onChange: note })
  )
  const pools = states.map(() => ({}) as UpstreamPool)
  const balancer = new LoadBalancer(
    states.map((state, i) => ({ state, pool: pools[i] as UpstreamPool })),
    () => time.now
  )
  return { time, changes, states, pools, balancer }
}

/** The upstream that one request goes to. */
function choose(balancer: LoadBalancer, key: string | null = null, tried: number[] = []): number {
  const index = balancer.next(tried, key)
  if (index >= 0) balancer.asked(index)
  return index
}

const checks = { rise: 2, fall: 3 }

t.test('upstreams take turns, and none is asked twice for one request', async t => {
  const { balancer, pools } = made(3)
  t.same(
    Array.from({ length: 6 }, () => balancer.next([], null)),
    [0, 1, 2, 0, 1, 2]
  )
  t.equal(balancer.next([0], null), 1)
  t.equal(balancer.next([0, 1, 2], null), -1)
  t.equal(balancer.pool(2), pools[2])
  t.equal(balancer.indexOf({} as UpstreamPool), -1)
})

t.test('the pause after refused connections doubles, and one trial ends it', async t => {
  const { time, balancer, changes, states } = made(2)
  const asked = () => Array.from({ length: 4 }, () => choose(balancer))
  balancer.refused(0, 'ECONNREFUSED')
  balancer.refused(0, 'ECONNREFUSED')
  t.same(asked(), [1, 1, 1, 1])
  for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
    time.now += seconds * 1000 - 1
    t.notOk(asked().includes(0), `not before ${seconds} s`)
    time.now += 1
    t.equal(asked().filter(index => index === 0).length, 1, `one trial after ${seconds} s, however many ask`)
    balancer.refused(0, 'ECONNREFUSED')
  }
  t.equal(states[0]?.isUp, false)
  balancer.reached(0)
  t.equal(asked().filter(index => index === 0).length, 2, 'up again at once')
  t.same(changes, ['http://10.0.0.0 ECONNREFUSED', 'http://10.0.0.0 up'], 'each change is told once')
  balancer.refused(0, 'ECONNREFUSED')
  time.now += 1000
  t.ok(asked().includes(0), 'and the next pause is short again')
})

t.test('a request that is never sent is no trial', async t => {
  const { time, balancer } = made(2)
  balancer.refused(0, 'ECONNREFUSED')
  time.now += 1000
  for (let i = 0; i < 4; i++) balancer.next([], null)
  t.ok([choose(balancer), choose(balancer)].includes(0))
})

t.test('where all are down, one a second is tried', async t => {
  const { time, balancer } = made(2)
  for (const index of [0, 1]) balancer.refused(index, 'down')
  t.equal(balancer.next([], null), -1)
  t.equal(balancer.waitMs, 1000)
  for (let second = 0; second < 60; second++) {
    time.now += 1000
    const tried: number[] = []
    for (let index = choose(balancer, null, tried); index >= 0; index = choose(balancer, null, tried)) {
      tried.push(index)
      balancer.refused(index, 'down')
    }
    t.ok(tried.length > 0, 'after a second there is a trial')
    t.equal(balancer.next([], null), -1, 'and then none')
    t.ok(balancer.waitMs <= 1000)
  }
})

t.test('health checks: the first one decides, later ones by rise and fall', async t => {
  const { balancer, states, changes } = made(2)
  const [first] = states as [UpstreamState, UpstreamState]
  first.checked('status 503', checks)
  t.equal(first.isUp, false)
  const results = (...list: (string | null)[]) => {
    for (const result of list) first.checked(result, checks)
    return first.isUp
  }
  t.equal(results(null), false, 'one of two')
  t.equal(results('status 500', null), false, 'in a row')
  t.equal(results(null), true)
  t.equal(results('a', 'b'), true, 'two of three')
  t.equal(results(null, 'a', 'b'), true, 'in a row')
  t.equal(results('c'), false)
  t.same(changes, ['http://10.0.0.0 status 503', 'http://10.0.0.0 up', 'http://10.0.0.0 c'])
  t.same([balancer.next([], null), balancer.next([], null)], [1, 1])
  first.reached()
  t.equal(first.isUp, false, 'that it accepts a connection does not make it healthy')
  balancer.refused(1, 'down')
  t.equal(balancer.next([], null), -1, 'one that checks have found down is no last resort')
})

t.test('a single upstream is asked in spite of refusals, and not where checks have found it down', async t => {
  const { balancer, states, time } = made(1)
  balancer.refused(0, 'down')
  t.equal(balancer.next([], null), 0)
  t.equal(balancer.next([0], null), -1)
  states[0]?.checked('status 503', checks)
  ;(states[0] as UpstreamState).nextCheckAt = time.now + 7000
  t.equal(balancer.next([], null), -1)
  t.equal(balancer.waitMs, 7000, 'Retry-After is the next check')
})

t.test('a key stays with its upstream; keys are spread; only the keys of one that is down move', async t => {
  const { balancer, time } = made(4)
  const keys = Array.from({ length: 4000 }, (_, i) => `S-${i}`)
  const chosen = () => keys.map(key => balancer.next([], key))
  const before = chosen()
  t.same(chosen(), before, 'the same each time')
  for (const index of [0, 1, 2, 3]) {
    const share = before.filter(one => one === index).length / keys.length
    t.ok(share > 0.22 && share < 0.28, `upstream ${index} has a fair share (${share})`)
  }
  balancer.refused(2, 'down')
  const meanwhile = chosen()
  t.ok(meanwhile.every((one, i) => (before[i] === 2 ? one !== 2 : one === before[i])))
  const moved = meanwhile.filter((_, i) => before[i] === 2)
  for (const index of [0, 1, 3]) t.ok(moved.filter(one => one === index).length > moved.length / 4, 'spread again')
  balancer.reached(2)
  time.now += 1
  t.same(chosen(), before, 'and back')
})

t.test('the choice follows from the addresses, not from their order or number', async t => {
  const of = (addresses: string[]) => {
    const states = addresses.map(address => new UpstreamState('app', address))
    const balancer = new LoadBalancer(
      states.map(state => ({ state, pool: {} as UpstreamPool })),
      () => 0
    )
    return (key: string) => addresses[balancer.next([], key)] as string
  }
  const keys = Array.from({ length: 1000 }, (_, i) => `person ${i}`)
  const [three, turned, four] = [of(['a', 'b', 'c']), of(['c', 'a', 'b']), of(['a', 'x', 'b', 'c'])]
  t.same(keys.map(turned), keys.map(three))
  const moved = keys.filter(key => four(key) !== three(key))
  t.ok(
    moved.every(key => four(key) === 'x'),
    'a new upstream takes keys, and no other gets any'
  )
  t.ok(moved.length > 200 && moved.length < 300, `${moved.length} of 1000`)
})
