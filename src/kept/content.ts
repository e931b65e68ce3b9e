/** Which bodies can be kept, by their `Content-Type`. */

type Content = 'form' | 'multipart' | 'json' | 'text'

export interface BodyType {
  readonly content: Content
  /** The name is in lower case. */
  readonly charset: string | null
  /** Null also for more than one. */
  readonly boundary: string | null
}

const contents: readonly (readonly [Content, RegExp])[] = [
  ['form', /^application\/x-www-form-urlencoded\s*(?:;|$)/i],
  ['multipart', /^multipart\/form-data\s*;/i],
  ['json', /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i],
  ['text', /^text\/plain\s*(?:;|$)/i]
]

export function contentOf(type: string | undefined): Content | null {
  return contents.find(([, pattern]) => pattern.test(type ?? ''))?.[0] ?? null
}

export function bodyTypeOf(type: string | undefined): BodyType | null {
  const content = contentOf(type)
  if (content === null || type === undefined) return null
  const found = new Map<string, string | null>()
  for (const [name, value] of parametersIn(type.slice(type.indexOf(';') + 1)))
    found.set(name, found.has(name) ? null : value)
  const charset = found.get('charset')
  return {
    content,
    // Of two, nobody knows which counts.
    charset: charset === undefined ? null : (charset?.toLowerCase() ?? 'unknown'),
    boundary: content === 'multipart' ? found.get('boundary') || null : null
  }
}

/** Header parameters (RFC 9110 §5.6.6), names in lower case. Each character is read a fixed number of times. An unfinished quoted value goes on to the end. */
export function* parametersIn(text: string): Generator<readonly [string, string]> {
  const name = /[\s;]*([^\s;=]*)\s*(=?)\s*/y
  const plain = /[^\s;]*/y
  for (let at = 0; at < text.length; ) {
    name.lastIndex = at
    const [whole = '', key = '', equals = ''] = name.exec(text) ?? []
    at += whole.length
    if (equals === '') {
      if (whole === '') return
      continue
    }
    let value = ''
    if (text[at] === '"') {
      const end = endOfQuoted(text, at)
      value = text.slice(at + 1, end).replace(/\\(["\\])/g, '$1')
      at = end + 1
    } else {
      plain.lastIndex = at
      value = plain.exec(text)?.[0] ?? ''
      at += value.length
    }
    if (key !== '') yield [key.toLowerCase(), value]
  }
}

/** The closing quote, or the end. A backslash before a value's last quote is part of it, as in `"C:\\dir\\"`. */
function endOfQuoted(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '"') return at
    if (text[at] === '\\' && text[at + 1] === '"' && at + 2 < text.length && text[at + 2] !== ';') at++
  }
  return text.length
}
