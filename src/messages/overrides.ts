/** Texts of the configuration that replace messages of the portal. */
import { flatten, readMessages } from './catalogue.ts'
import { InvalidMessage, placeholdersOf } from './icu.ts'

const portal = new URL('../../plugins/portal/messages/', import.meta.url)

/** The English messages by key. */
export function portalMessages(): ReadonlyMap<string, string> {
  return flatten(readMessages(portal, 'en'))
}

/** Null if `text` can replace the English message. */
export function problemOfText(english: string, text: string): string | null {
  try {
    const known = placeholdersOf(english)
    const unknown = [...placeholdersOf(text).keys()].find(name => !known.has(name))
    if (unknown === undefined) return null
    const offer = [...known.keys()].map(name => `{${name}}`).join(', ')
    return `must not name {${unknown}}: ${offer === '' ? 'this message has no placeholders' : `its placeholders are ${offer}`}`
  } catch (error) {
    if (!(error instanceof InvalidMessage)) throw error
    return `must be a message in ICU MessageFormat (${error.message}); write a brace as '{'`
  }
}
