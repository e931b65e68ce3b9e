/** Lines as documents of the Elastic Common Schema, version 8.17. Unknown fields are under `factorgate`. */
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

const ecsVersion = '8.17.0'

type Kind = readonly [category: readonly string[], type: readonly string[]]

/** `event.category` and `event.type`, from the schema's lists. Others are configuration. */
const kinds: readonly (readonly [pattern: RegExp, kind: Kind])[] = [
  [/^exchange/, [['web'], ['access']]],
  [
    /^socket\.open$/,
    [
      ['web', 'network'],
      ['connection', 'start']
    ]
  ],
  [
    /^socket\.close$/,
    [
      ['web', 'network'],
      ['connection', 'end']
    ]
  ],
  [/^(login|proof|throttle)/, [['authentication'], ['info']]],
  [/^session\.start$/, [['authentication', 'session'], ['start']]],
  [/^(session\.end|logout)$/, [['authentication', 'session'], ['end']]],
  [/^device\.new$/, [['authentication'], ['info']]],
  [/^(factor\.|recovery\.)/, [['iam'], ['user', 'change']]],
  [/^(enrol|password\.|user\.|invitation\.|sponsor\.|token\.)/, [['iam'], ['user', 'change']]],
  [/^gate\.start$/, [['process'], ['start']]],
  [/^gate\.stop$/, [['process'], ['end']]],
  [/^notice\./, [['email'], ['info']]]
]
const others: Kind = [['configuration'], ['info']]
const userTypes: Readonly<Record<string, string>> = { added: 'creation', removed: 'deletion' }

const mapped = new Set(
  'seq at kind request account name address app method httpVersion path status bytesIn bytesOut ms'.split(' ')
)

export function ecsOf(line: ExportLine, version: string): string {
  const { entry, seq, hash } = line
  const person = personOf(entry)
  const actor = actorOf(entry)
  const ip = addressOf(entry)
  const names = [...new Set([person.name, actor])].filter(name => name !== null)
  return asciiJson(
    compact({
      '@timestamp': entry.at,
      ecs: { version: ecsVersion },
      message: sentenceOf(entry),
      event: {
        id: idOf(line),
        kind: 'event',
        ...typesOf(entry),
        action: entry.kind,
        outcome: resultOf(entry),
        code: text(entry.outcome) ?? text(entry.decision),
        reason: text(entry.why) ?? text(entry.reason),
        sequence: seq === 0 ? null : seq,
        hash,
        duration: nanoseconds(entry),
        module: 'factorgate',
        dataset: 'factorgate.journal',
        provider: 'factorgate'
      },
      observer: { vendor, product: vendor, type: 'proxy', version },
      // An operator is the user, and the person the target.
      user: actor === null ? userOf(person) : { name: actor, target: userOf(person) },
      source: ip === null ? { address: text(entry.address) } : { ip, address: ip },
      http: {
        version: text(entry.httpVersion),
        request: { id: text(entry.request), method: text(entry.method), body: { bytes: number(entry.bytesIn) } },
        response: { status_code: number(entry.status), body: { bytes: number(entry.bytesOut) } }
      },
      url: { path: text(entry.path) },
      service: { name: text(entry.app), type: text(entry.app) === null ? null : 'http' },
      related: { user: names.length === 0 ? null : names, ip: ip === null ? null : [ip] },
      factorgate: otherFields(entry, mapped)
    })
  )
}

function typesOf(entry: Entry): { readonly category: readonly string[]; readonly type: readonly string[] } {
  const [category, types] = kinds.find(([pattern]) => pattern.test(entry.kind))?.[1] ?? others
  const special = entry.kind === 'user.change' ? userTypes[String(entry.outcome)] : undefined
  const isWeb = category[0] === 'web' && entry.kind.startsWith('exchange')
  const result = resultOf(entry)
  return {
    category,
    type:
      special !== undefined
        ? ['user', special]
        : isWeb
          ? [...types, result === 'failure' ? 'denied' : 'allowed']
          : types
  }
}

function userOf({ uid, name }: ReturnType<typeof personOf>): object {
  return { id: uid, name }
}

function nanoseconds({ ms }: Entry): number | null {
  const duration = number(ms)
  return duration === null ? null : duration * 1_000_000
}

/** The value without nulls and empty objects. */
function compact(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const [key, field] of Object.entries(value)) {
    const kept =
      typeof field === 'object' && field !== null && !Array.isArray(field)
        ? compact(field as object as Record<string, unknown>)
        : field
    if (kept === null || kept === undefined) continue
    if (typeof kept === 'object' && !Array.isArray(kept) && Object.keys(kept as object).length === 0) continue
    result[key] = kept
  }
  return result
}
