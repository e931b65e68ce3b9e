/** ICU MessageFormat, with `intl-messageformat`, loaded by the first message with placeholders. */
import { createRequire } from 'node:module'
import type { IntlMessageFormat } from 'intl-messageformat'

type Arguments = Readonly<Record<string, string | number>>
export type Format = (args: Arguments) => string

export type Placeholder =
  | { readonly kind: 'text' }
  | { readonly kind: 'number' }
  | { readonly kind: 'select'; readonly words: readonly string[] }

/** The text names the place. */
export class InvalidMessage extends Error {}

type Node = ReturnType<IntlMessageFormat['getAst']>[number]
/** `TYPE` in @formatjs/icu-messageformat-parser, an enum. */
const type = { literal: 0, argument: 1, number: 2, date: 3, time: 4, select: 5, plural: 6, pound: 7 } as const

const require = createRequire(import.meta.url)
let Library: typeof IntlMessageFormat | undefined

function parse(text: string, locale: string): IntlMessageFormat {
  Library ??= require('intl-messageformat').IntlMessageFormat as typeof IntlMessageFormat
  try {
    return new Library(text, locale, undefined, { ignoreTag: true })
  } catch (error) {
    throw new InvalidMessage((error as Error).message, { cause: error })
  }
}

/** Throws InvalidMessage. The format throws for a missing argument. `change` is applied to shown texts, not to a select's word. */
export function compile(text: string, locale: string, change?: (text: string) => string): Format {
  const message = parse(text, locale)
  const format: Format = args => String(message.format(args as Record<string, string | number>))
  if (change === undefined) return format
  const found = new Map<string, Placeholder>()
  collect(message.getAst(), found)
  const changed = ([name, value]: [string, string | number]) =>
    [name, typeof value === 'string' && found.get(name)?.kind !== 'select' ? change(value) : value] as const
  return args => format(Object.fromEntries(Object.entries(args).map(changed)))
}

/** It has placeholders, or quotes them. */
export function isPattern(text: string): boolean {
  return text.includes('{') || text.includes('}')
}

/** Placeholders by name. Throws InvalidMessage. */
export function placeholdersOf(text: string): Map<string, Placeholder> {
  const found = new Map<string, Placeholder>()
  if (isPattern(text)) collect(parse(text, 'en').getAst(), found)
  return found
}

function collect(nodes: readonly Node[], found: Map<string, Placeholder>): void {
  for (const node of nodes as readonly (Node & { value: string; options?: Record<string, { value: Node[] }> })[]) {
    const kind = node.type as number
    if (kind === type.literal || kind === type.pound) continue
    if (kind === type.select)
      found.set(node.value, { kind: 'select', words: Object.keys(node.options!).filter(word => word !== 'other') })
    else if (kind === type.argument) {
      if (!found.has(node.value)) found.set(node.value, { kind: 'text' })
    } else found.set(node.value, { kind: 'number' })
    for (const { value } of Object.values(node.options ?? {})) collect(value, found)
  }
}
