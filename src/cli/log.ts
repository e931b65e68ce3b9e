/** The process log: JSON lines on standard output, safe for a terminal. */
import { type Logger, pino } from 'pino'
import { withoutTricks } from '../audit/encode-event.ts'

/** A logger. `base` appears in each line. */
export function newLog(level: string, base: Record<string, unknown> | null): Logger {
  const out = pino.destination({ fd: 1, sync: true })
  // JSON keeps C1 and bidirectional characters, and an error may quote a client.
  return pino({ level, base }, { write: (line: string) => out.write(withoutTricks(line)) })
}
