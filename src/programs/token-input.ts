/** The limits of a token as a person types them. */
import { parseNetwork } from '../request/networks.ts'
import { type ProgramToken, validSeconds } from './program-token.ts'

export type TypedField = 'name' | 'paths' | 'networks' | 'bytes' | 'days'

/** Blanks separate lists. */
export interface TypedToken extends Readonly<Record<TypedField, string>> {
  readonly readsOnly: boolean
}

type TokenLimits = Pick<ProgramToken, 'name' | 'paths' | 'methods' | 'networks' | 'bytes'> & {
  readonly validSeconds: number
}

const day = 86_400
const maxListLength = 50
/** DAV clients' too. */
const reading = ['GET', 'HEAD', 'OPTIONS', 'PROPFIND', 'REPORT', 'SEARCH']
const bytesIn: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 }

/** The first wrong field, or the limits. */
export function readToken(typed: TypedToken): TokenLimits | { readonly wrong: TypedField } {
  const name = typed.name.normalize('NFC').trim()
  if (name === '' || name.length > 64 || /[\p{C}\p{Zl}\p{Zp}]/u.test(name)) return { wrong: 'name' }
  const days = /^\d{1,3}$/.test(typed.days.trim()) ? Number(typed.days) : 0
  if (days < 1 || days * day > validSeconds.most) return { wrong: 'days' }
  const paths = listOf(typed.paths)
  if (paths !== null && !paths.every(isPath)) return { wrong: 'paths' }
  const networks = listOf(typed.networks)
  if (networks !== null && !networks.every(isNetwork)) return { wrong: 'networks' }
  const bytes = readBytes(typed.bytes)
  if (bytes === undefined) return { wrong: 'bytes' }
  if ((paths?.length ?? 0) > maxListLength) return { wrong: 'paths' }
  if ((networks?.length ?? 0) > maxListLength) return { wrong: 'networks' }
  return { name, paths, networks, bytes, methods: typed.readsOnly ? reading : null, validSeconds: days * day }
}

function listOf(text: string): string[] | null {
  const items = text.split(/[\s,]+/).filter(item => item !== '')
  return items.length === 0 ? null : items
}

/** The path has no query, as in `rules[].path`. */
function isPath(text: string): boolean {
  return text.startsWith('/') && text.length <= 256 && !/[?#\\\p{C}]/u.test(text)
}

function isNetwork(text: string): boolean {
  return !('fault' in parseNetwork(text))
}

/** `10GiB`, `500 MB`, `1000`; null for nothing, undefined for no amount. */
function readBytes(text: string): number | null | undefined {
  if (text.trim() === '') return null
  const [, count, unit = ''] = /^(\d{1,6})\s*([KMGT]?)(?:i?B)?$/i.exec(text.trim()) ?? []
  const bytes = count === undefined ? 0 : Number(count) * (bytesIn[unit.toUpperCase()] ?? 0)
  return bytes >= 1 ? bytes : undefined
}
