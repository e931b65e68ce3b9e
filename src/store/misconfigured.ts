/**
 * "This store cannot be used as it stands": a wrong address, a refused password, a directory without rights, a server that
 * forgets. Owns the error of opening a store; refuses to be thrown later, when `StoreUnreachable` says all a caller may know.
 */

/** Thrown by `openStore` alone. The message tells an operator what is wrong and how to mend it, and never holds a password. */
export class StoreUnfit extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'StoreUnfit'
  }
}
