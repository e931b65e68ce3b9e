/** The log of a process: JSON lines on standard output, safe for a terminal. Owns where they go; refuses to judge what is logged. */
import { type Logger, pino } from 'pino'
import { withoutTricks } from '../audit/encode-event.ts'

/** A logger. `base` stands in each line. */
export function newLog(level: string, base: Record<string, unknown> | null): Logger {
  const out = pino.destination({ fd: 1, sync: true })
  // JSON leaves C1 and bidirectional characters as they are, and an error may quote what a stranger has sent.
  return pino({ level, base }, { write: (line: string) => out.write(withoutTricks(line)) })
}
