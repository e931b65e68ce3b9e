/** The store cannot be used as configured. */

/** Its message names the problem and the correction, without a password. */
export class StoreMisconfigured extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'StoreMisconfigured'
  }
}
