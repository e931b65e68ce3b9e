/** A real small file system that a test can fill to its last byte. Owns the mount; answers null where this user may mount nothing. */
import { execFileSync } from 'node:child_process'
import { closeSync, fsyncSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Teardown } from './redis-server.ts'

export interface SmallDisk {
  readonly directory: string
  /** Takes all that is left. Answers how to give it back. */
  fill(): () => Promise<void>
}

/** `size` as mount takes it: `8m`. */
export function smallDisk(t: Teardown, size: string): SmallDisk | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return null
  const directory = mkdtempSync(join(tmpdir(), 'factorgate-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', directory], { stdio: 'ignore' })
  } catch {
    rmdirSync(directory)
    return null
  }
  t.teardown(() => {
    // Lazily: what a test has left open must not keep the others from going on.
    execFileSync('umount', ['-l', directory])
    rmdirSync(directory)
  })
  return { directory, fill: () => fill(join(directory, 'filler')) }
}

function fill(path: string): () => Promise<void> {
  const file = openSync(path, 'a')
  for (const bytes of [1024 * 1024, 4096, 1])
    try {
      for (;;) writeSync(file, Buffer.alloc(bytes, 1))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  fsyncSync(file)
  closeSync(file)
  return async () => rmSync(path, { force: true })
}
