/** Method overrides (`_method`, headers) could bypass rules about methods (THREATS M26). */
import { type IncomingHttpHeaders, METHODS } from 'node:http'
import { isOverride } from '../request/header-name.ts'

const none: readonly string[] = []
const known: ReadonlySet<string> = new Set(METHODS)

/** Every spelling of `_method=` that PHP accepts: a dot, a blank or `[` for `_`, and leading blanks. */
const inQuery =
  /[?&;](?:\+|%20)*(?:[_.[]|%5f|%2e|%5b)(?:m|%[46]d)(?:e|%[46]5)(?:t|%[57]4)(?:h|%[46]8)(?:o|%[46]f)(?:d|%[46]4)=([^&;]*)/gi

/** `query` has its `?`. */
export function methodsInQuery(method: string, query: string): readonly string[] {
  if (method !== 'POST' || query.length < 9) return none
  let found: string[] | null = null
  for (const [, value = ''] of query.matchAll(inQuery)) {
    const named = decoded(value).trim().toUpperCase()
    if (!known.has(named)) continue
    found ??= []
    found.push(named)
  }
  return found ?? none
}

/** An app may take a message for these methods. */
export function overridesIn(
  { headers, keepsOverrides }: { readonly headers: IncomingHttpHeaders; readonly keepsOverrides?: boolean },
  { passesOverrides }: { readonly passesOverrides?: boolean }
): readonly string[] {
  return keepsOverrides === true || passesOverrides === true ? methodsInHeaders(headers) : none
}

/** For a request with any method: some apps follow overrides with every method. */
export function methodsNamed(query: string, headers: IncomingHttpHeaders): readonly string[] {
  return [...methodsInQuery('POST', query), ...methodsInHeaders(headers)]
}

function methodsInHeaders(headers: IncomingHttpHeaders): readonly string[] {
  let found: string[] | null = null
  for (const name in headers) {
    if (!isOverride(name)) continue
    const words = String(headers[name]).split(',')
    found = [...(found ?? []), ...words.map(word => word.trim().toUpperCase()).filter(word => word !== '')]
  }
  return found ?? none
}

function decoded(value: string): string {
  return value
    .replaceAll('+', ' ')
    .replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
}
