/** What belongs to an app, each as a kind and a short text, so that two visits of a page can be compared. */

export const markKinds = [
  /** A script that a page loads: a path of the app, or an origin and the beginning of its path. */
  'script',
  /** A statement of inline code, as the hash of its shape. */
  'code',
  /** An origin that code names. */
  'names',
  /** Where a form is sent. */
  'form',
  'frame',
  'style',
  'base',
  'refresh',
  'redirect',
  /** A method and a path that answers with a page, or accepts POST. */
  'endpoint',
  /** The path of a script file and the hash of what it holds. */
  'file',
  /** A path that a page links to. */
  'link',
  /** The hash of what a page loads and of where it sends forms. */
  'skeleton',
  /** The hash of a skeleton and of the kinds of elements. */
  'structure',
  /** A page that the gate fetches itself, and the hash of a kind of element in it. */
  'element'
] as const
export type MarkKind = (typeof markKinds)[number]

export interface Mark {
  readonly kind: MarkKind
  /** Printable ASCII, at most `maxValueLength` characters. */
  readonly value: string
}

const maxValueLength = 200

/** Ends the value of a form that asks for a password. */
export const asksPassword = ' with a password'

/** True for another origin than the app's: its own addresses are paths, and `.` is the page itself. */
export function isForeign({ kind, value }: Mark): boolean {
  return kind !== 'code' && kind !== 'endpoint' && !value.startsWith('/') && !value.startsWith('.')
}

/** A value that is printable and short. */
export function markValue(text: string): string {
  const plain = text.replace(/[^\x20-\x7e]/g, '?')
  return plain.length <= maxValueLength ? plain : `${plain.slice(0, maxValueLength - 1)}~`
}

/** As it is kept in lists of names. */
export function nameOf({ kind, value }: Mark): string {
  return `${kind} ${value}`
}
