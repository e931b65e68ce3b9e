/** The port between a forwarded response and those who look at it. It delays and changes nothing. */

/** Somebody who is not signed in. */
export interface Visitor {
  readonly address: string
  readonly query: string
}

export interface ResponseTap {
  /**
   * `path`: inside the app, byte for byte. `headers`: the app's names and values in turn. `visitor`: null for somebody signed in. Null where the body is
   * not wanted.
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
  /** Valid only during the call. */
  data(chunk: Uint8Array): void
  end(isWhole: boolean): void
}
