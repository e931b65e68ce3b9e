import t from 'tap'
import { countingSink } from '../../src/audit/audit-metrics.ts'
import type { AuditEvent } from '../../src/audit/event.ts'
import { Metrics } from '../../src/metrics/metrics.ts'

t.test('sign-ins and proofs are counted once they are recorded, with words of ours as labels', async t => {
  const told: AuditEvent[] = []
  let isFull = false
  const metrics = new Metrics()
  const sink = countingSink(
    {
      get writable() {
        return !isFull
      },
      record: event => void told.push(event),
      async commit(event) {
        if (isFull) throw new Error('the disk is full')
        told.push(event)
      }
    },
    metrics
  )
  const tell = (kind: AuditEvent['kind'], factor?: string, outcome?: string) =>
    ({
      kind,
      at: 0,
      ...(factor === undefined ? {} : { factor }),
      ...(outcome === undefined ? {} : { outcome })
    }) as const
  sink.record(tell('login', 'password', 'refused'))
  sink.record(tell('login', 'password', 'refused'))
  sink.record(tell('throttle', 'password', 'throttled'))
  await sink.commit(tell('login', 'webauthn', 'accepted'))
  await sink.commit(tell('proof', 'totp', 'verified'))
  sink.record(tell('throttle', 'totp', 'throttled'))
  sink.record(tell('proof', 'x"} 1\n', 'of a stranger'))
  sink.record(tell('logout', undefined, 'logout'))
  sink.record({ ...tell('login', 'directory', 'refused'), directory: 'campus' })
  sink.record({ ...tell('throttle', 'directory', 'throttled'), directory: 'campus' })
  await sink.commit({ ...tell('proof', 'institution', 'verified'), directory: 'campus' })
  sink.record(tell('throttle', undefined, 'unlocked'))
  sink.record(tell('notice.failed', undefined, 'given_up'))
  sink.record(tell('enrol', 'totp', 'enrolled'))
  t.equal(told.length, 14, 'everything is passed on')
  isFull = true
  await t.rejects(sink.commit(tell('proof', 'totp', 'verified')), /full/)
  t.notOk(sink.writable)
  const lines = metrics
    .render()
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))
  t.same(lines, [
    'factorgate_sign_ins_total{factor="password",outcome="refused"} 2',
    'factorgate_sign_ins_total{factor="password",outcome="throttled"} 1',
    'factorgate_sign_ins_total{factor="webauthn",outcome="accepted"} 1',
    'factorgate_sign_ins_total{factor="directory",outcome="refused"} 1',
    'factorgate_sign_ins_total{factor="directory",outcome="throttled"} 1',
    'factorgate_proofs_total{factor="totp",outcome="verified"} 1',
    'factorgate_proofs_total{factor="totp",outcome="throttled"} 1',
    'factorgate_proofs_total{factor="other",outcome="other"} 1',
    'factorgate_proofs_total{factor="institution",outcome="verified"} 1',
    'factorgate_institution_answers_total{directory="campus",outcome="refused"} 1',
    'factorgate_institution_answers_total{directory="campus",outcome="throttled"} 1',
    'factorgate_session_ends_total{why="logout"} 1',
    'factorgate_notices_total{outcome="given_up"} 1'
  ])
})
