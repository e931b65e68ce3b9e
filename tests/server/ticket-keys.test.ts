/** The keys of TLS tickets change every day, at all workers alike, and those of the day before are forgotten. */
import { once } from 'node:events'
import tls from 'node:tls'
import t from 'tap'
import { TicketKeys } from '../../src/server/ticket-keys.ts'
import { TestClock } from '../fixtures/in-process/memory-store.ts'
import { Pki } from '../fixtures/process/pki.ts'

const daySeconds = 86_400
/** The first moment of a day. */
const start = 20_000 * daySeconds * 1000

t.test('all workers have the same keys on each day, also one that begins later', async t => {
  const time = new TestClock(start)
  const primary = new TicketKeys(time.read)
  const first = primary.today
  const worker = new TicketKeys(time.read, first)
  t.same(worker.today, first)
  t.equal(first.keys.length, 48)
  time.advance(daySeconds - 1)
  t.same(primary.today, first, 'until the end of the day')
  time.advance(1)
  t.not(Buffer.from(primary.today.keys).equals(first.keys), true)
  time.advance(3 * daySeconds)
  const late = new TicketKeys(time.read, primary.today)
  time.advance(daySeconds)
  t.same(worker.today, primary.today)
  t.same(late.today, primary.today)
  const latest = primary.today
  time.advance(-10 * daySeconds)
  t.same(primary.today, latest, 'a clock that is set back changes nothing')
  t.notSame(new TicketKeys(time.read).today.keys, new TicketKeys(time.read).today.keys)
})

t.test('a ticket of the day before resumes nothing, and one of today does', async t => {
  const pki = new Pki(t.testdir({}))
  pki.root('root')
  pki.leaf('gate', { by: 'root', san: 'DNS:gate.example', eku: 'serverAuth' })
  const time = new TestClock(start)
  const server = tls.createServer({ cert: pki.read('gate.pem'), key: pki.read('gate.key') }, socket => socket.resume())
  server.on('tlsClientError', () => {})
  const renew = new TicketKeys(time.read).giveTo(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  const about = { port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion: 'TLSv1.2' } as const
  const ticket = async () => {
    const socket = tls.connect(about)
    const [session] = (await once(socket, 'session')) as [Buffer]
    socket.destroy()
    return session
  }
  const resumes = async (session: Buffer) => {
    const socket = tls.connect({ ...about, session })
    await once(socket, 'secureConnect')
    const isReused = socket.isSessionReused()
    socket.destroy()
    return isReused
  }
  const old = await ticket()
  renew()
  t.ok(await resumes(old), 'on the same day')
  time.advance(daySeconds)
  renew()
  t.notOk(await resumes(old), 'on the next day')
  t.ok(await resumes(await ticket()))
})
