/** The port between a forwarded exchange and those who count or hold back its bytes. */
import type { ErrorCode } from '../errors.ts'

export type Direction = 'in' | 'out'

export interface Holder {
  /** More may flow, after `sent` or `received` was false. */
  goOn(direction: Direction): void
  /** A cut exchange never looks complete. A client without an answer gets `code`. */
  cut(reason: string, code: ErrorCode): void
}

export interface Flow {
  begin(holder: Holder): void
  /** Bytes to the client. With false, nothing may follow until `goOn('out')`. It may call `cut`. */
  sent(bytes: number): boolean
  /** Bytes to the app, likewise. */
  received(bytes: number): boolean
  answered(status: number): void
  /** `cut`: why it ended early. */
  end(cut: string | null): void
}
