/** A program's token. The record holds a digest, never the text. */
import { createHash } from 'node:crypto'
import { compilePolicy } from '../policy/compile.ts'
import type { Policy } from '../policy/policy.ts'
import { type Loose, RecordKind } from '../store/records.ts'

export interface ProgramToken {
  /** The beginning of `digest`: public, in lists and the journal. */
  readonly id: string
  /** SHA-256 of the text, in hex. */
  readonly digest: string
  readonly accountId: string
  readonly name: string
  readonly app: string
  /** Globs inside the app; null for all. */
  readonly paths: readonly string[] | null
  /** Null for all. */
  readonly methods: readonly string[] | null
  /** CIDRs or addresses; null for all. */
  readonly networks: readonly string[] | null
  /** The total; null for no limit. */
  readonly bytes: number | null
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly expiresAt: number
  /** The operator who made it; null for the owner. */
  readonly by: string | null
}

export const validSeconds = { least: 60, usual: 90 * 86_400, most: 366 * 86_400 } as const

const idLength = 16

export function digestOfToken(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

export function idOfDigest(digest: string): string {
  return digest.slice(0, idLength)
}

export function isTokenId(text: string): boolean {
  return text.length === idLength && /^[0-9a-f]+$/.test(text)
}

export const programTokenRecord = new RecordKind<ProgramToken>({
  prefix: 'program-token:',
  version: 1,
  read: record => (isToken(record) ? record : null)
})

const policies = new WeakMap<ProgramToken, Policy>()

/** The limits as rules, so paths, methods and networks have one reader. */
export function scopeOf(token: ProgramToken): Policy {
  let policy = policies.get(token)
  if (policy === undefined) {
    const { paths, methods, networks } = token
    const conditions = {
      ...(methods === null ? {} : { methods }),
      ...(networks === null ? {} : { networks }),
      outcome: { access: 'public' }
    } as const
    policy = compilePolicy(paths === null ? [conditions] : paths.map(path => ({ path, ...conditions })), true)
    policies.set(token, policy)
  }
  return policy
}

function isToken(value: Loose): value is Loose & ProgramToken {
  return (
    [value.id, value.digest, value.accountId, value.name, value.app].every(text => typeof text === 'string') &&
    [value.paths, value.methods, value.networks].every(isListOrNull) &&
    (value.bytes === null || isCount(value.bytes)) &&
    isCount(value.createdAt) &&
    isCount(value.expiresAt) &&
    (value.by === null || typeof value.by === 'string')
  )
}

/** An empty list would open everything or nothing. */
function isListOrNull(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.length > 0 && value.every(item => typeof item === 'string'))
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0
