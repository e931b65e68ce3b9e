/** A finding of `factorgate doctor`, and the probes. */
import { CannotChangeUser } from '../owner.ts'
import type { ProbeFinding as DoctorFinding } from '../probes/finding.ts'

export type { ProbeFinding as DoctorFinding } from '../probes/finding.ts'

export interface Probe {
  /** One word, for programs. */
  readonly id: string
  /** What it looks at, for people. */
  readonly title: string
  look(): Promise<readonly DoctorFinding[]>
}

export interface ProbeResult extends Pick<Probe, 'id' | 'title'> {
  readonly findings: readonly DoctorFinding[]
}

/** All probes run at once. One that fails or takes longer than `limitMs` is a finding. */
export function runProbes(probes: readonly Probe[], limitMs: number): Promise<ProbeResult[]> {
  return Promise.all(
    probes.map(async ({ id, title, look }) => {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<DoctorFinding[]>(resolve => {
        timer = setTimeout(() => resolve([unfinished(`no answer within ${limitMs / 1000} seconds`)]), limitMs)
      })
      try {
        return { id, title, findings: await Promise.race([look(), late]) }
      } catch (error) {
        if (error instanceof CannotChangeUser) throw error
        return { id, title, findings: [unfinished((error as Error).message)] }
      } finally {
        clearTimeout(timer)
      }
    })
  )
}

function unfinished(why: string): DoctorFinding {
  return {
    degree: 'problem',
    path: '',
    wrong: `this could not be examined: ${why}`,
    mend: 'Run the command again; if it fails again, run it as the user of the gate, or as root.'
  }
}
