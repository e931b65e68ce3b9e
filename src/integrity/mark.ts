/** What belongs to an app: a kind and a short text. */

export const markKinds = [
  /** A path, or an origin and the beginning of its path. */
  'script',
  /** The hash of a statement's shape. */
  'code',
  /** An origin in code. */
  'names',
  'form',
  'frame',
  'style',
  'base',
  'refresh',
  'redirect',
  /** A method, and a path that answers with a page or accepts POST. */
  'endpoint',
  /** A path, and the hash of the content. */
  'file',
  'link',
  /** The hash of what a page loads and where its forms go. */
  'skeleton',
  /** The hash of a skeleton and of the kinds of elements. */
  'structure',
  /** A fetched page, and the hash of a kind of element. */
  'element'
] as const
export type MarkKind = (typeof markKinds)[number]

export interface Mark {
  readonly kind: MarkKind
  /** Printable ASCII, at most `maxValueLength` characters. */
  readonly value: string
}

const maxValueLength = 200

export const asksPassword = ' with a password'

/** The app's own addresses are paths, and `.` is the page itself. */
export function isForeign({ kind, value }: Mark): boolean {
  return kind !== 'code' && kind !== 'endpoint' && !value.startsWith('/') && !value.startsWith('.')
}

export function markValue(text: string): string {
  const plain = text.replace(/[^\x20-\x7e]/g, '?')
  return plain.length <= maxValueLength ? plain : `${plain.slice(0, maxValueLength - 1)}~`
}

export function nameOf({ kind, value }: Mark): string {
  return `${kind} ${value}`
}
