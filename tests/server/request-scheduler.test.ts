/** Many requests at once: others wait for a few of them, whoever sent them and over how many connections. */
import t from 'tap'
import { RequestScheduler } from '../../src/server/request-scheduler.ts'

const turn = () => new Promise<void>(resolve => setImmediate(resolve))

t.test('D5 a thousand requests of one client make another one wait for a few of them', async t => {
  for (const connections of [1, 40, 1280]) {
    const scheduler = new RequestScheduler()
    const begun: string[] = []
    const sockets = Array.from({ length: connections }, () => ({}))
    for (let i = 0; i < 1280; i++)
      scheduler.schedule('stranger', sockets[i % connections]!, () => begun.push(`stranger ${i}`))
    t.ok(begun.length <= 32, `${begun.length} begin at once`)
    scheduler.schedule('alice', {}, () => begun.push('alice'))
    const inTurns: number[] = []
    for (let before = begun.length; begun.length < 1281; before = begun.length) {
      await turn()
      inTurns.push(begun.length - before)
    }
    t.ok(begun.indexOf('alice') < 32 + 8 + 1, `over ${connections} connections: ${begun.indexOf('alice')} before her`)
    t.ok(Math.max(...inTurns) < 32 + 8, `${Math.max(...inTurns)} in one turn`)
    t.equal(new Set(begun).size, 1281, 'each begins once')
  }
})

t.test('connections of one client take turns, and each keeps the order of its requests', async t => {
  const scheduler = new RequestScheduler()
  const begun: number[] = []
  const [many, few] = [{}, {}]
  for (let i = 0; i < 500; i++) scheduler.schedule('office', many, () => begun.push(i))
  for (let i = 1000; i < 1003; i++) scheduler.schedule('office', few, () => begun.push(i))
  while (begun.length < 503) await turn()
  t.ok(begun.indexOf(1002) < 32 + 8 + 3, String(begun.indexOf(1002)))
  for (const isOf of [(i: number) => i < 1000, (i: number) => i >= 1000])
    t.same(
      begun.filter(isOf),
      begun.filter(isOf).sort((a, b) => a - b)
    )
})

t.test('what a browser asks for begins at once, turn after turn', async t => {
  const scheduler = new RequestScheduler()
  for (let round = 0; round < 3; round++) {
    let begun = 0
    // Seven tabs.
    for (let tab = 0; tab < 7; tab++) for (let i = 0; i < 4; i++) scheduler.schedule('alice', {}, () => begun++)
    t.equal(begun, 28)
    await turn()
  }
})

t.test('what begins may schedule', async t => {
  const scheduler = new RequestScheduler()
  const begun: string[] = []
  scheduler.schedule('a', {}, () => scheduler.schedule('a', {}, () => begun.push('inner')))
  for (let i = 0; i < 100; i++) scheduler.schedule('a', {}, () => begun.push(`${i}`))
  while (begun.length < 101) await turn()
  t.equal(begun[0], 'inner')
})
