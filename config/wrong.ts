/** A text that cannot be read, as a value. Owns that word and nothing else. */

export interface Wrong {
  /** `must be …`; the reader of the file adds `, got '…'`. */
  readonly wrong: string
  /** The message says enough, or the text may hold a secret: add no `, got '…'`. */
  readonly quiet: boolean
}

export function wrong(message: string): Wrong {
  return { wrong: message, quiet: false }
}

export function wrongQuietly(message: string): Wrong {
  return { wrong: message, quiet: true }
}

export function isWrong(value: unknown): value is Wrong {
  return typeof value === 'object' && value !== null && 'wrong' in value
}
