/** What `factorgate check` finds beside the file's own problems. Owns the two degrees and nothing else. */
import type { Loaded } from '../../../config/load.ts'

/** `problem`: the gate does not start, or does not do its work. `warning`: it may be meant. */
export interface Finding {
  readonly degree: 'problem' | 'warning'
  /** The key it belongs to: `apps[0].upstream[1]`. */
  readonly path: string
  readonly message: string
}

export type Sound = Extract<Loaded, { kind: 'ok' }>
