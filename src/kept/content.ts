/** The kinds of bodies that can be kept, by their `Content-Type`. */

export type Content = 'form' | 'multipart' | 'json' | 'text'

const contents: readonly (readonly [Content, RegExp])[] = [
  ['form', /^application\/x-www-form-urlencoded\s*(?:;|$)/i],
  ['multipart', /^multipart\/form-data\s*;/i],
  ['json', /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i],
  ['text', /^text\/plain\s*(?:;|$)/i]
]

export function contentOf(type: string | undefined): Content | null {
  return contents.find(([, pattern]) => pattern.test(type ?? ''))?.[0] ?? null
}
