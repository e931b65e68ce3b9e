/** Lines as OCSF events and ECS documents: the attributes that the schemas require, and where the journal's fields are. */
import t from 'tap'
import type { Entry } from '../../src/audit/journal-files.ts'
import { ecsOf } from '../../src/export/ecs.ts'
import type { ExportLine } from '../../src/export/export-line.ts'
import { ocsfOf } from '../../src/export/ocsf.ts'
import { octetCounted, syslogMessage } from '../../src/export/syslog-message.ts'

const hash = 'ab'.repeat(32)
const lineWith = (fields: Record<string, unknown>, seq = 7): ExportLine => {
  const entry = { seq, prev: '0'.repeat(64), at: '2026-11-28T12:00:00.250Z', ...fields } as unknown as Entry
  return { seq, hash, entry, text: JSON.stringify(entry) }
}
const person = { account: 'A1', name: 'wheeler', session: 'S1', address: '203.0.113.7', request: '7KQ4-M2XD' }
const request = {
  ...person,
  app: 'files',
  method: 'GET',
  httpVersion: '2',
  path: '/a',
  status: 200,
  bytesIn: 3,
  bytesOut: 4,
  ms: 12.4
}

/** Every kind of line: its class and activity in OCSF, its category, type and outcome in ECS. */
const rows: readonly (readonly [fields: Record<string, unknown>, ocsf: [number, number, number], ecs: string])[] = [
  [{ kind: 'exchange', ...request, decision: 'forward' }, [4002, 3, 1], 'web access,allowed success'],
  [
    { kind: 'exchange', ...request, method: 'PROPFIND', decision: 'refuse' },
    [4002, 99, 2],
    'web access,denied failure'
  ],
  [{ kind: 'exchange.repeated', address: '2001:db8::', count: 9 }, [4002, 99, 0], 'web access,allowed unknown'],
  [{ kind: 'socket.open', ...request, method: undefined }, [4002, 99, 0], 'web,network connection,start unknown'],
  [{ kind: 'login', ...person, factor: 'password', outcome: 'accepted' }, [3002, 1, 1], 'authentication info success'],
  [{ kind: 'login', address: '203.0.113.7', outcome: 'refused' }, [3002, 1, 2], 'authentication info failure'],
  [{ kind: 'throttle', ...person, factor: 'totp' }, [3002, 1, 2], 'authentication info failure'],
  [{ kind: 'proof', ...person, factor: 'webauthn', outcome: 'verified' }, [3002, 99, 1], 'authentication info success'],
  [{ kind: 'session.start', ...person }, [3002, 1, 1], 'authentication,session start success'],
  [{ kind: 'logout', ...person, outcome: 'logout' }, [3002, 2, 1], 'authentication,session end success'],
  [{ kind: 'enrol', ...person, factor: 'totp', outcome: 'enrolled' }, [3001, 10, 1], 'iam user,change success'],
  [{ kind: 'factor.remove', ...person, outcome: 'removed' }, [3001, 11, 1], 'iam user,change success'],
  [{ kind: 'factor.disable', account: 'A1', outcome: 'too_many_failures' }, [3001, 11, 2], 'iam user,change failure'],
  [{ kind: 'user.change', ...person, outcome: 'added', operator: 'root' }, [3001, 1, 1], 'iam user,creation success'],
  [{ kind: 'user.change', ...person, outcome: 'suspended' }, [3001, 5, 1], 'iam user,change success'],
  [{ kind: 'user.change', ...person, outcome: 'removed' }, [3001, 6, 1], 'iam user,deletion success'],
  [
    { kind: 'sponsor.approve', ...person, person: 'gina', sponsor: 'wheeler' },
    [3001, 99, 0],
    'iam user,change unknown'
  ],
  [{ kind: 'gate.start' }, [6002, 3, 1], 'process start success'],
  [{ kind: 'gate.stop' }, [6002, 4, 1], 'process end success'],
  [{ kind: 'journal.checkpoint', chain: 'x' }, [0, 99, 1], 'configuration info success'],
  [{ kind: 'notice.failed', why: 'no route' }, [0, 99, 2], 'email info failure'],
  [{ kind: 'of.tomorrow', outcome: 'done' }, [0, 99, 1], 'configuration info success']
]

/** schema.ocsf.io 1.6: required attributes of the base event and of each class; of `at_least_one`, the names in one row. */
const everywhere = ['activity_id', 'category_uid', 'class_uid', 'metadata', 'severity_id', 'time', 'type_uid']
const required: Readonly<Record<number, readonly string[][]>> = {
  0: [],
  3001: [['user']],
  3002: [['user'], ['service', 'dst_endpoint']],
  4002: [
    ['http_request', 'http_response'],
    ['dst_endpoint', 'src_endpoint']
  ],
  6002: [['app']]
}
/** Constraints of objects: at least one of these attributes. */
const objects: Readonly<Record<string, readonly string[]>> = {
  user: ['account', 'name', 'uid'],
  src_endpoint: ['ip', 'uid', 'name', 'hostname', 'svc_name'],
  dst_endpoint: ['ip', 'uid', 'name', 'hostname', 'svc_name'],
  actor: ['user', 'session'],
  http_response: ['code'],
  url: ['url_string', 'path'],
  service: ['name', 'uid'],
  app: ['name', 'uid'],
  product: ['name', 'uid'],
  raw_data_hash: ['value']
}

for (const [fields, [classUid, activity, status], ecs] of rows)
  t.test(`${fields.kind} ${fields.outcome ?? fields.method ?? ''}`.trim(), async t => {
    const line = lineWith(fields)
    const text = ocsfOf(line, '1.2.3')
    const event = JSON.parse(text)
    t.match(event, { class_uid: classUid, activity_id: activity, status_id: status })
    t.equal(event.type_uid, classUid * 100 + activity)
    t.equal(event.category_uid, Math.floor(classUid / 1000))
    for (const name of everywhere) t.not(event[name], undefined, name)
    for (const names of required[classUid]!)
      t.ok(
        names.some(name => event[name] !== undefined),
        names.join(' or ')
      )
    eachObject(event, (name, value) => {
      const any = objects[name]
      if (any !== undefined)
        t.ok(
          any.some(one => value[one] !== undefined),
          `${name} has ${any.join(' or ')}`
        )
    })
    t.match(event.metadata, { version: '1.6.0', product: { version: '1.2.3' }, uid: '7-abababababababab', sequence: 7 })
    t.equal(event.time, Date.UTC(2026, 10, 28, 12, 0, 0, 250))
    t.notMatch(text, /[^ -~]|:null\b/)

    const document = JSON.parse(ecsOf(line, '1.2.3'))
    t.match(document, {
      '@timestamp': '2026-11-28T12:00:00.250Z',
      ecs: { version: '8.17.0' },
      event: { kind: 'event', action: fields.kind, id: '7-abababababababab' }
    })
    const { category, type, outcome } = document.event
    t.equal(`${category} ${type} ${outcome}`, ecs)
  })

function eachObject(value: object, visit: (name: string, value: Record<string, unknown>) => void): void {
  for (const [name, field] of Object.entries(value))
    if (typeof field === 'object' && field !== null && name !== 'unmapped') {
      if (!Array.isArray(field)) visit(name, field as Record<string, unknown>)
      eachObject(field, visit)
    }
}

t.test('no field of a line is lost', async t => {
  const fields = { kind: 'exchange', ...request, decision: 'forward', rule: 2, cut: true, note: 'ü\u2028' }
  const event = JSON.parse(ocsfOf(lineWith(fields), '1'))
  t.match(event, {
    http_request: { uid: '7KQ4-M2XD', http_method: 'GET', version: '2', url: { path: '/a' } },
    http_response: { code: 200 },
    src_endpoint: { ip: '203.0.113.7' },
    dst_endpoint: { svc_name: 'files' },
    actor: { user: { uid: 'A1', name: 'wheeler' }, session: { uid: 'S1' } },
    traffic: { bytes_in: 3, bytes_out: 4, bytes: 7 },
    duration: 12,
    unmapped: { decision: 'forward', rule: 2, cut: true, note: 'ü\u2028', prev: '0'.repeat(64) }
  })
  t.match(JSON.parse(ecsOf(lineWith(fields), '1')), {
    http: {
      version: '2',
      request: { id: '7KQ4-M2XD', method: 'GET', body: { bytes: 3 } },
      response: { status_code: 200 }
    },
    url: { path: '/a' },
    source: { ip: '203.0.113.7' },
    user: { id: 'A1', name: 'wheeler' },
    service: { name: 'files' },
    event: { duration: 12_000_000, sequence: 7, hash },
    related: { user: ['wheeler'], ip: ['203.0.113.7'] },
    factorgate: { session: 'S1', rule: 2, cut: true }
  })
})

t.test('an operator who acts is the actor, and the person the target', async t => {
  const line = lineWith({ kind: 'user.change', ...person, outcome: 'suspended', operator: 'root' })
  t.match(JSON.parse(ocsfOf(line, '1')), { user: { name: 'wheeler' }, actor: { user: { name: 'root', type_id: 2 } } })
  t.match(JSON.parse(ecsOf(line, '1')), { user: { name: 'root', target: { name: 'wheeler', id: 'A1' } } })
})

t.test('a pseudonym is not shown as an address', async t => {
  const line = lineWith({ kind: 'login', outcome: 'accepted', name: '~k3', address: '~Zm9v' })
  t.same(JSON.parse(ocsfOf(line, '1')).src_endpoint, { uid: '~Zm9v' })
  t.same(JSON.parse(ecsOf(line, '1')).source, { address: '~Zm9v' })
})

t.test('a syslog message has the parts of RFC 5424', async t => {
  const line = lineWith({ kind: 'login', ...person, outcome: 'refused' })
  const sender = { host: 'gate one\n', processId: 42 }
  t.equal(
    syslogMessage({ line, text: '{"a":1}' }, sender),
    '<84>1 2026-11-28T12:00:00.250Z gateone factorgate 42 login [meta sequenceId="7"] {"a":1}'
  )
  const odd = lineWith({ kind: 'exchange', at: 'yesterday' }, 0)
  t.equal(syslogMessage({ line: odd, text: '{}' }, sender), '<86>1 - gateone factorgate 42 exchange - {}')
  t.match(syslogMessage({ line: lineWith({ kind: 'a' }, 2_147_483_648), text: '' }, sender), /sequenceId="1"/)
  t.equal(octetCounted('ü'), '2 ü')
})
