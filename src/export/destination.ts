/** The port of a destination of the journal, and its failures. */
import { systemCode } from '../files/system-code.ts'
import type { Outgoing } from './export-line.ts'

export interface Destination {
  /** True if `send` resolves only when the other side has the lines. Otherwise `confirm` finds that out. */
  readonly isAcknowledged: boolean
  /** Rejects with ExportFailure. */
  send(lines: readonly Outgoing[]): Promise<void>
  /** Resolves when the other side has read all lines since the last call. Rejects with ExportFailure. */
  confirm(): Promise<void>
  reset(): void
}

/** Lines did perhaps not arrive. The message is for operators. */
export class ExportFailure extends Error {
  override readonly name = 'ExportFailure'
  /** The wait that the other side asks for, in milliseconds. */
  readonly retryAfterMs: number | null

  constructor(message: string, { retryAfterMs = null }: { readonly retryAfterMs?: number | null } = {}) {
    super(message)
    this.retryAfterMs = retryAfterMs
  }
}

/** They are files, because they are renewed while the gate runs. Null: none, or Node's own authorities. */
export interface TlsFiles {
  readonly ca: string | null
  readonly cert: string | null
  readonly key: string | null
}

/** The message with its code. */
export function reasonOf(error: unknown): string {
  const { message } = error as Error
  const code = systemCode(error)
  return code !== undefined && !message.includes(code) ? `${message} (${code})` : message || String(code ?? error)
}
