/**
 * Counts what argon2 is asked to do in this process. Import it before anything that loads the gate: the driver's functions are wrapped
 * before `src/identity/password.ts` takes them. Owns the counts; knows no password.
 */
import { createRequire } from 'node:module'

const argon2 = createRequire(import.meta.url)('@node-rs/argon2') as Record<
  'hash' | 'verify',
  (...all: unknown[]) => Promise<unknown>
>

/** How many were begun, how many are under way, and the most there ever were at once. */
export const hashes = { begun: 0, running: 0, most: 0 }

for (const name of ['hash', 'verify'] as const) {
  const work = argon2[name]
  argon2[name] = async (...all) => {
    hashes.begun++
    hashes.running++
    hashes.most = Math.max(hashes.most, hashes.running)
    try {
      return await work(...all)
    } finally {
      hashes.running--
    }
  }
}
