/**
 * The error for a store that cannot be used as configured: wrong address, refused password, missing rights, no
 * persistence.
 */

/** Thrown only by `openStore`. The message says what is wrong and how to mend it, and holds no password. */
export class StoreUnfit extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'StoreUnfit'
  }
}
