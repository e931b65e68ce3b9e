/** A finding of `factorgate check` besides the file's own problems. */
import type { Loaded } from '../../../config/load.ts'

/** `problem`: the gate does not start or work. `warning`: it may be intended. */
export interface CheckFinding {
  readonly degree: 'problem' | 'warning'
  /** The key: `apps[0].upstream[1]`. */
  readonly path: string
  readonly message: string
}

export type Sound = Extract<Loaded, { kind: 'ok' }>
