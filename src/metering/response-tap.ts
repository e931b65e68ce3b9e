/** The port between a forwarded response and those who look at it. A tap delays nothing and changes nothing. */

/** Somebody who has not signed in. */
export interface Visitor {
  readonly address: string
  /** With its question mark; '' for none. */
  readonly query: string
}

export interface ResponseTap {
  /**
   * `path`: inside the app, byte for byte. `headers`: names and values in turn, as the app sent them. `visitor`: null where somebody is signed in.
   * Null where the body is not wanted.
   */
  open(
    method: string,
    path: string,
    status: number,
    headers: readonly string[],
    visitor: Visitor | null
  ): BodyTap | null
}

export interface BodyTap {
  /** The bytes are valid only during the call. */
  data(chunk: Uint8Array): void
  /** Called once. */
  end(isWhole: boolean): void
}
