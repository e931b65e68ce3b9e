/** The load of open-loop.mjs for a section. */
import type { Ender } from '../fixtures/process/gate.ts'
import { type Working, workScript } from './processes.ts'

interface Flow {
  readonly port: number
  readonly host: string
  readonly path?: string
  readonly cookies: readonly string[]
  /** Requests a second. */
  readonly rate: number
  /** Load before what counts, in seconds; what is sent then is sent and answered, but has no time. None if not given. */
  readonly leadSeconds?: number
  readonly seconds: number
}

export interface Flown {
  readonly sent: number
  readonly answered: number
  /** Status, or `closed`, and how often. */
  readonly refused: Readonly<Record<string, number>>
  /** Milliseconds from the moment the request was due. */
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** At a constant rate, in a process of its own, until its seconds are over or it is stopped. */
export function flow(end: Ender, asked: Flow): Working<Flown> {
  return workScript(end, 'open-loop.mjs', { path: '/data', leadSeconds: 0, ...asked })
}

/** What was sent and not answered 200. */
export function lossOf({ sent, answered, refused }: Flown): number {
  return sent - answered + Object.values(refused).reduce((sum, count) => sum + count, 0)
}
