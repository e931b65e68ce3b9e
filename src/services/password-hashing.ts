/** The hasher of passwords of one process, with its log. */
import type { Logger } from 'pino'
import { PasswordHasher } from '../identity/password/password.ts'

/** The hashes of all workers together. Each takes 19 MiB, and a core for tens of milliseconds. */
const hashesAtOnce = 2
const trouble =
  'the gate cannot start processes that hash passwords, so it hashes them itself and is slower until it can'
const again = 'separate processes hash the passwords again'

export function hasherOf(log: Logger, workers = 1): PasswordHasher {
  return new PasswordHasher({
    concurrency: Math.max(1, Math.floor(hashesAtOnce / workers)),
    onChange: problem => (problem === null ? log.info(again) : log.warn({ problem: problem.message }, trouble))
  })
}
