/** Lines as events of the Open Cybersecurity Schema Framework (schema.ocsf.io), version 1.6. */
import type { Entry } from '../audit/journal-files.ts'
import { type ExportLine, idOf } from './export-line.ts'
import {
  actorOf,
  addressOf,
  asciiJson,
  number,
  otherFields,
  personOf,
  resultOf,
  sentenceOf,
  text,
  vendor
} from './record-facts.ts'
import { severityOf } from './syslog-message.ts'

const ocsfVersion = '1.6.0'

interface Classification {
  readonly uid: number
  readonly name: string
  readonly category: number
  readonly categoryName: string
  readonly activity: number
  readonly activityName: string
}

const classes = {
  base: { uid: 0, name: 'Base Event', category: 0, categoryName: 'Uncategorized' },
  account: { uid: 3001, name: 'Account Change', category: 3, categoryName: 'Identity & Access Management' },
  authentication: { uid: 3002, name: 'Authentication', category: 3, categoryName: 'Identity & Access Management' },
  http: { uid: 4002, name: 'HTTP Activity', category: 4, categoryName: 'Network Activity' },
  lifecycle: { uid: 6002, name: 'Application Lifecycle', category: 6, categoryName: 'Application Activity' }
} as const

type ClassName = keyof typeof classes
type Activity = readonly [className: ClassName, activity: number, activityName: string]

/** Class and activity by kind. Others are base events. */
const activities: Readonly<Record<string, Activity>> = {
  login: ['authentication', 1, 'Logon'],
  'login.repeated': ['authentication', 1, 'Logon'],
  throttle: ['authentication', 1, 'Logon'],
  'session.start': ['authentication', 1, 'Logon'],
  'session.end': ['authentication', 2, 'Logoff'],
  logout: ['authentication', 2, 'Logoff'],
  proof: ['authentication', 99, 'Second factor'],
  'device.new': ['authentication', 99, 'New browser'],
  'device.bound': ['authentication', 99, 'Sign-in bound to a device'],
  'device.refused': ['authentication', 99, 'Device key refused'],
  'device.lost': ['authentication', 99, 'Device key not shown'],
  enrol: ['account', 10, 'MFA Factor Enable'],
  'recovery.issue': ['account', 10, 'MFA Factor Enable'],
  'factor.remove': ['account', 11, 'MFA Factor Disable'],
  'factor.disable': ['account', 11, 'MFA Factor Disable'],
  'password.change': ['account', 3, 'Password Change'],
  'invitation.issue': ['account', 99, 'Invitation issued'],
  'invitation.accept': ['account', 99, 'Invitation accepted'],
  'token.issue': ['account', 99, 'Token issued'],
  'token.revoke': ['account', 99, 'Token revoked'],
  'upstream-login.store': ['account', 99, 'App login stored'],
  'upstream-login.remove': ['account', 99, 'App login removed'],
  'upstream-login.refuse': ['account', 99, 'App login refused'],
  'sponsor.ask': ['account', 99, 'Approval asked'],
  'sponsor.approve': ['account', 99, 'Approval given'],
  'sponsor.decline': ['account', 99, 'Approval declined'],
  'gate.start': ['lifecycle', 3, 'Start'],
  'gate.stop': ['lifecycle', 4, 'Stop'],
  'gate.reload': ['lifecycle', 8, 'Update']
}
const userChanges: Readonly<Record<string, Activity>> = {
  added: ['account', 1, 'Create'],
  resumed: ['account', 2, 'Enable'],
  suspended: ['account', 5, 'Disable'],
  removed: ['account', 6, 'Delete'],
  unlocked: ['account', 12, 'Unlock']
}
const methods = ['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'TRACE', 'PATCH'] as const
const methodNames = ['Connect', 'Delete', 'Get', 'Head', 'Options', 'Post', 'Put', 'Trace', 'Patch'] as const

/** These fields have their own place; others go to `unmapped`. */
const mapped = new Set(
  'seq at kind request account name session address app method httpVersion path status bytesIn bytesOut ms'.split(' ')
)

/** `request` is the `correlation_uid`: all lines of one request have it. */
export function ocsfOf(line: ExportLine, version: string): string {
  const { entry, seq, hash } = line
  const of = classOf(entry)
  const severity = severityOf(line) === 'warning' ? { id: 3, name: 'Medium' } : { id: 1, name: 'Informational' }
  const result = { success: [1, 'Success'], failure: [2, 'Failure'], unknown: [0, 'Unknown'] }[resultOf(entry)]
  return asciiJson({
    category_uid: of.category,
    category_name: of.categoryName,
    class_uid: of.uid,
    class_name: of.name,
    activity_id: of.activity,
    activity_name: of.activityName,
    type_uid: of.uid * 100 + of.activity,
    type_name: `${of.name}: ${of.activityName}`,
    severity_id: severity.id,
    severity: severity.name,
    time: timeOf(entry),
    message: sentenceOf(entry),
    status_id: result[0],
    status: result[1],
    ...given({
      status_code: text(entry.outcome) ?? text(entry.decision),
      status_detail: text(entry.why) ?? text(entry.reason),
      duration: number(entry.ms),
      count: number(entry.count)
    }),
    metadata: {
      version: ocsfVersion,
      product: { name: vendor, vendor_name: vendor, version },
      log_name: 'journal',
      event_code: entry.kind,
      uid: idOf(line),
      original_time: entry.at,
      ...(seq === 0 ? {} : { sequence: seq }),
      ...given({ correlation_uid: text(entry.request) })
    },
    raw_data_hash: { algorithm_id: 3, algorithm: 'SHA-256', value: hash },
    ...sourceOf(entry),
    ...partsOf(of, entry),
    unmapped: otherFields(entry, mapped)
  })
}

function classOf(entry: Entry): Classification {
  const [name, activity, activityName] = activityOf(entry)
  return { ...classes[name], activity, activityName }
}

function activityOf(entry: Entry): Activity {
  const { kind } = entry
  if (kind === 'exchange' || kind === 'exchange.repeated' || kind.startsWith('socket.')) {
    const at = methods.indexOf(entry.method as 'GET')
    return at === -1 ? ['http', 99, text(entry.method) ?? kind] : ['http', at + 1, methodNames[at]!]
  }
  if (kind === 'user.change') return userChanges[String(entry.outcome)] ?? ['account', 99, 'Change']
  return activities[kind] ?? ['base', 99, kind]
}

function partsOf({ uid }: Classification, entry: Entry): object {
  switch (uid) {
    case classes.authentication.uid:
      return {
        user: userOf(entry),
        service: { name: text(entry.app) ?? vendor },
        is_remote: true,
        is_mfa: entry.kind === 'proof' && resultOf(entry) === 'success',
        ...given({ auth_factors: factorsOf(entry), session: sessionOf(entry) }),
        ...byOperator(entry)
      }
    case classes.account.uid:
      return { user: userOf(entry), ...given({ auth_factors: factorsOf(entry) }), ...byOperator(entry) }
    case classes.http.uid:
      return httpOf(entry)
    case classes.lifecycle.uid:
      return { app: { name: vendor, vendor_name: vendor } }
    default: {
      const { uid: id, name } = personOf(entry)
      return id === null && name === null ? byOperator(entry) : { actor: { user: userOf(entry) } }
    }
  }
}

function httpOf(entry: Entry): object {
  const path = text(entry.path)
  const code = number(entry.status)
  const person = personOf(entry)
  const isKnown = person.uid !== null || person.name !== null
  return {
    http_request: given({
      uid: text(entry.request),
      http_method: text(entry.method),
      version: text(entry.httpVersion),
      url: path === null ? null : { path }
    }),
    ...given({
      http_response: code === null ? null : { code },
      app_name: text(entry.app),
      traffic: trafficOf(entry),
      actor: isKnown ? { user: userOf(entry), ...given({ session: sessionOf(entry) }) } : null
    }),
    dst_endpoint: { svc_name: text(entry.app) ?? vendor }
  }
}

/** Bytes as the app sees them: what people send goes in. */
function trafficOf({ bytesIn, bytesOut }: Entry): object | null {
  const [received, sent] = [number(bytesIn), number(bytesOut)]
  if (received === null && sent === null) return null
  return { ...given({ bytes_in: received, bytes_out: sent }), bytes: (received ?? 0) + (sent ?? 0) }
}

function sourceOf(entry: Entry): object {
  const ip = addressOf(entry)
  if (ip !== null) return { src_endpoint: { ip } }
  // A pseudonym is no address.
  const other = text(entry.address)
  return other === null ? {} : { src_endpoint: { uid: other } }
}

/** Unknown names are not in the journal, and OCSF wants a user. */
function userOf(entry: Entry): object {
  const { uid, name } = personOf(entry)
  return uid === null && name === null ? { name: 'unknown', type_id: 0 } : { ...given({ uid, name }), type_id: 1 }
}

function byOperator(entry: Entry): object {
  const actor = actorOf(entry)
  return actor === null ? {} : { actor: { user: { name: actor, type_id: text(entry.operator) === null ? 1 : 2 } } }
}

function sessionOf(entry: Entry): object | null {
  const uid = text(entry.session)
  return uid === null ? null : { uid }
}

/** OCSF has no kinds for recovery codes and institutions. */
const factorTypes: Readonly<Record<string, readonly [id: number, name: string]>> = {
  password: [11, 'Password'],
  totp: [7, 'OTP'],
  webauthn: [10, 'WebAuthn'],
  passkey: [10, 'WebAuthn']
}

function factorsOf(entry: Entry): object[] | null {
  const factor = text(entry.factor)
  if (factor === null) return null
  const [id, name] = factorTypes[factor] ?? [99, factor]
  return [{ factor_type_id: id, factor_type: name, ...(factor === 'totp' ? { is_totp: true } : {}) }]
}

/** Milliseconds since the epoch. */
function timeOf({ at }: Entry): number {
  const time = Date.parse(at)
  return Number.isNaN(time) ? 0 : time
}

/** The fields without null, which OCSF does not have. */
function given(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))
}
