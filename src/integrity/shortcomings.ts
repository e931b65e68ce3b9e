/** What an app's answers lack, in words, from its notes. */
import { endOfLife } from './end-of-life.ts'

export interface Shortcoming {
  readonly what: 'missing header' | 'cookie without attributes' | 'page not read' | 'no corrections any more'
  readonly detail: string
}

const headerNames: Readonly<Record<string, string>> = {
  'content-security-policy': 'Content-Security-Policy: which scripts a page may run',
  'x-content-type-options': 'X-Content-Type-Options: files are not run as what they only look like',
  'referrer-policy': 'Referrer-Policy: addresses are not told to other sites',
  'strict-transport-security': 'Strict-Transport-Security: browsers never ask by plain http',
  'x-frame-options': 'X-Frame-Options or frame-ancestors: no other site shows the page in a frame'
}

/** `notes`: `header NAME`, `cookie NAME LACKING`, `version TEXT`, `unread CODING`. */
export function shortcomingsOf(notes: readonly string[], now: number): Shortcoming[] {
  const found = notes.flatMap((note): Shortcoming[] => {
    const [kind, name = '', ...rest] = note.split(' ')
    if (kind === 'header') return [{ what: 'missing header', detail: headerNames[name] ?? name }]
    if (kind === 'cookie') return [{ what: 'cookie without attributes', detail: `${name} has no ${rest.join(' ')}` }]
    if (kind === 'unread')
      return [
        { what: 'page not read', detail: `Content-Encoding ${name}: browsers may read it, the check of the app cannot` }
      ]
    return endOfLife([name, ...rest].join(' '), now).map(({ name: product, version, since, isPackaged }) => ({
      what: 'no corrections any more',
      detail: `${product} ${version}: the project corrects it no more since ${since}${isPackaged ? '; ask your distribution whether it does' : ''}`
    }))
  })
  const unique = new Map(found.map(each => [`${each.what} ${each.detail}`, each]))
  return [...unique.values()].sort((a, b) => (`${a.what} ${a.detail}` < `${b.what} ${b.detail}` ? -1 : 1))
}
