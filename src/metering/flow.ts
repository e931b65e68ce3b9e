/** The port between a forwarded exchange and those who count its bytes, and who may hold them back. */
import type { ErrorCode } from '../errors.ts'

export type Direction = 'in' | 'out'

/** The exchange, as the one who counts sees it. */
export interface Holder {
  /** Says that more may flow, after `sent` or `received` was false. */
  goOn(direction: Direction): void
  /** Cuts the exchange off, so that it never looks complete. A client without an answer yet gets `code`. */
  cut(reason: string, code: ErrorCode): void
}

export interface Flow {
  begin(holder: Holder): void
  /** Bytes that go to the client now. With false, nothing more may follow until `goOn('out')`. It may call `cut` at once. */
  sent(bytes: number): boolean
  /** Bytes that go to the app now, likewise. */
  received(bytes: number): boolean
  answered(status: number): void
  /** `cut`: why it ended before its end; null if it did not. */
  end(cut: string | null): void
}
