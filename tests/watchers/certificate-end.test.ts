/** Certificates that end soon are told of in time, once for all gates. */
import path from 'node:path'
import t from 'tap'
import type { AuditEvent } from '../../src/audit/event.ts'
import { noticeOf } from '../../src/notify/notices-of.ts'
import { CertificateEnd, certificateEnds } from '../../src/watchers/certificate-end.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'
import { Pki } from '../fixtures/process/pki.ts'

const dayMs = 24 * 3600_000
const stamp = (at: number) => `${new Date(at).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`

t.test('a certificate that ends', async t => {
  const pki = new Pki(path.join(t.testdir({}), 'pki'))
  pki.root('ca')
  const start = Date.UTC(2026, 0, 1)
  const made = (name: string, days: number) =>
    pki.leaf(name, { by: 'ca', eku: 'serverAuth', from: stamp(start), to: stamp(start + days * dayMs) })
  made('year', 365)
  made('week', 6)
  made('wide', 90)
  const look = async (name: string, days: number, isIssued = false) => {
    const clock = new TestClock(start)
    const store = new MemoryStore(clock.read)
    const events: AuditEvent[] = []
    const gate = () =>
      new CertificateEnd({
        files: [
          ...(isIssued ? [] : [{ what: 'listen.tls.cert', file: `${name}.pem` }]),
          { what: 'apps[0].tls.cert', file: 'absent.pem' }
        ],
        issued: () => (isIssued ? [{ name: 'gate.lab.example', cert: pki.read(`${name}.pem`) }] : []),
        read: file => pki.read(file),
        store,
        audit: { record: event => void events.push(event) },
        clock: clock.read,
        log: { warn: () => {} }
      })
    // Two gates look every six hours.
    for (let hour = 0; hour < days * 24; hour += 6) {
      await gate().look()
      await gate().look()
      clock.advance(6 * 3600)
    }
    return events
  }
  const files = ['year', 'absent'].map(name => ({ what: `the ${name}`, file: `${name}.pem` }))
  t.same(
    certificateEnds(files, file => pki.read(file)),
    [['the year', (start + 365 * dayMs) / 1000]],
    'its end is a metric, and a file that cannot be read has none'
  )
  const year = await look('year', 370)
  t.same(
    year.map(({ days, left }) => `${days}:${left}`),
    ['30:30', '14:14', '7:7', '1:1'],
    'is told of four times, by one of two gates'
  )
  t.match(year[0], {
    kind: 'certificate.ending',
    what: 'listen.tls.cert',
    ends: new Date(start + 365 * dayMs).toISOString()
  })
  const notices = year.map(event => noticeOf(event))
  t.match(notices[0], { kind: 'certificate-ending', to: [{ kind: 'operators' }], facts: { count: 30 } })
  t.equal(new Set(notices.map(notice => notice?.id)).size, 4)
  t.same(
    (await look('week', 8)).map(({ days }) => days),
    [7, 1],
    'of a few days: when two thirds of its life are over'
  )
  t.same(
    (await look('wide', 95)).map(({ days }) => days),
    [30, 14, 7, 1]
  )
  const issued = await look('wide', 95, true)
  t.same(
    issued.map(({ days, left }) => `${days}:${left}`),
    ['30:22', '14:14', '7:7', '1:1'],
    'of one that the gate renews itself: when that is overdue'
  )
  t.match(issued[0], { what: 'listen.tls.acme (gate.lab.example)', file: null })
  t.same(
    certificateEnds(
      [],
      () => '',
      () => [{ name: 'a.example', cert: pki.read('year.pem') }]
    ),
    [['listen.tls.acme (a.example)', (start + 365 * dayMs) / 1000]]
  )
})
