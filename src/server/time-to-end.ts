/** How long the end of a process may take. */
import type { Config } from '../../config/schema.ts'

/** For what follows the last requests: exports, messages, the journal and the store. */
const overtimeMs = 10_000

export function cutOffMs({ shutdownTimeout }: Pick<Config, 'shutdownTimeout'>): number {
  return shutdownTimeout * 1000 + overtimeMs
}
