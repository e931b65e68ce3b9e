/** The postures of a process, composed. */
import type { Logger } from 'pino'
import type { AuditSink } from '../audit/event.ts'
import type { Clock } from '../clock.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { endedLine, unreadableLine } from '../posture/events.ts'
import { postureLevels } from '../posture/posture.ts'
import { Postures } from '../posture/postures.ts'
import type { Store } from '../store/store.ts'

interface PosturesParts {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  readonly journal: AuditSink
  readonly metrics: Metrics
}

export function posturesOf({ store, clock, log, journal, metrics }: PosturesParts): Postures {
  const postures = new Postures({
    store,
    clock,
    onEnded: ended => journal.record({ at: clock(), ...endedLine(ended) }),
    onTrouble: (problem, kept) => {
      const line = unreadableLine(problem, kept)
      if (problem === null) log.info(line.why)
      else log.error({ problem }, line.why)
      journal.record({ at: clock(), ...line })
    }
  })
  metrics.read('factorgate_posture', () => {
    const apps = Object.keys(postures.dial?.apps ?? {})
    const numberOf = (app: string | null) => postureLevels.indexOf(postures.level(app))
    return [['', numberOf(null)] as const, ...apps.map(app => [app, numberOf(app)] as const)]
  })
  return postures
}
