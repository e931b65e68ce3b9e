/** The process log: JSON lines on standard output, safe for a terminal. */
import { type Logger, pino } from 'pino'
import { withoutTricks } from '../audit/encode-event.ts'
import { systemClock } from '../clock.ts'
import { type LogOutput, logOutput } from './log-output.ts'

/** How long the end waits for a slow reader, in milliseconds. */
const endMs = 1_000

let output: LogOutput | undefined

/** `base` appears in each line. */
export function newLog(level: string, base: Record<string, unknown> | null): Logger {
  output ??= logOutput(process.stdout, lossLine)
  const out = output
  // JSON keeps C1 and bidirectional characters, and an error may quote a client.
  return pino({ level, base }, { write: (line: string) => out.write(withoutTricks(line)) })
}

/** Resolves once the lines are written, or nobody takes them. */
export async function logWritten(): Promise<void> {
  await output?.end(endMs)
}

function lossLine(lost: number): string {
  const msg = `${lost} lines of this log are missing here: its reader, or its disk, did not take them`
  return `${JSON.stringify({ level: 40, time: systemClock(), lost, msg })}\n`
}
