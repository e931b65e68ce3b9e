/** Many requests at once: others wait for a few of them, whoever sent them and over how many connections. */
import type { Socket } from 'node:net'
import t from 'tap'
import { type Client, clientOf, RequestScheduler } from '../../src/server/request-scheduler.ts'

const at = (remoteAddress: string) => clientOf({ remoteAddress } as Socket)
const [stranger, alice, office] = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map(at) as [Client, Client, Client]
const turn = () => new Promise<void>(resolve => setImmediate(resolve))

t.test('D5 a thousand requests of one client make another one wait for a few of them', async t => {
  for (const connections of [1, 40, 1280]) {
    const scheduler = new RequestScheduler()
    const begun: string[] = []
    const sockets = Array.from({ length: connections }, () => ({}))
    for (let i = 0; i < 1280; i++)
      scheduler.schedule(stranger, sockets[i % connections]!, () => begun.push(`stranger ${i}`))
    t.ok(begun.length <= 32, `${begun.length} begin at once`)
    scheduler.schedule(alice, {}, () => begun.push('alice'))
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

t.test('D5 addresses of one IPv6 network, customer or site are one client', async t => {
  const spread = {
    network: (i: number) => `2001:db8:0:1::${i.toString(16)}`,
    customer: (i: number) => `2001:db8:0:1${i.toString(16).padStart(2, '0')}::1`,
    site: (i: number) => `2001:db8:0:${i.toString(16)}00::1`
  }
  for (const [level, address] of Object.entries(spread)) {
    const scheduler = new RequestScheduler()
    const begun: string[] = []
    const sockets = Array.from({ length: 40 }, (_, i) => ({ remoteAddress: address(i) }) as Socket)
    for (let i = 0; i < 1280; i++) {
      const socket = sockets[i % 40]!
      scheduler.schedule(clientOf(socket), socket, () => begun.push('stranger'))
    }
    scheduler.schedule(alice, {}, () => begun.push('alice'))
    while (begun.length < 1281) await turn()
    t.ok(begun.indexOf('alice') < 32 + 8 + 1, `${level}: ${begun.indexOf('alice')} before her`)
  }
})

t.test('connections of one client take turns, and each keeps the order of its requests', async t => {
  const scheduler = new RequestScheduler()
  const begun: number[] = []
  const [many, few] = [{}, {}]
  for (let i = 0; i < 500; i++) scheduler.schedule(office, many, () => begun.push(i))
  for (let i = 1000; i < 1003; i++) scheduler.schedule(office, few, () => begun.push(i))
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
    for (let tab = 0; tab < 7; tab++) for (let i = 0; i < 4; i++) scheduler.schedule(alice, {}, () => begun++)
    t.equal(begun, 28)
    await turn()
  }
})

t.test('what begins may schedule', async t => {
  const scheduler = new RequestScheduler()
  const begun: string[] = []
  scheduler.schedule(alice, {}, () => scheduler.schedule(alice, {}, () => begun.push('inner')))
  for (let i = 0; i < 100; i++) scheduler.schedule(alice, {}, () => begun.push(`${i}`))
  while (begun.length < 101) await turn()
  t.equal(begun[0], 'inner')
})
