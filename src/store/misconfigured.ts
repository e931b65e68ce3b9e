/** The error for a store that cannot be used as configured: wrong address, refused password, missing rights, no persistence. */

/** Its message says what is wrong and how to correct it, and has no password. */
export class StoreMisconfigured extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'StoreMisconfigured'
  }
}
