/** Whether a disk has room. */
import { randomBytes } from 'node:crypto'
import { closeSync, constants, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'
import { sweepLeftovers } from './leftovers.ts'

const probes = /^\d+\.[0-9a-f]{12}$/

/** Two containers with one folder may have the same process id. */
export function probeIn(folder: string): string {
  return path.join(folder, `probe.${process.pid}.${randomBytes(6).toString('hex')}`)
}

/**
 * Throws the system's error unless `folder` takes a file of `bytes`. Only a write tells, because no count knows quotas and errors. With `isSynced`, the file
 * must reach the disk.
 */
export function checkFreeSpace(folder: string, bytes: number, isSynced = false): void {
  sweepLeftovers(folder, 'probe.', probes)
  const probe = probeIn(folder)
  // The exclusive mode refuses a planted link.
  const file = openSync(probe, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600)
  try {
    for (let left = bytes; left > 0; ) {
      const written = writeSync(file, Buffer.alloc(left, 1))
      if (written === 0) throw Object.assign(new Error('the disk took nothing'), { code: 'ENOSPC' })
      left -= written
    }
    if (isSynced) fsyncSync(file)
  } finally {
    closeSync(file)
    rmSync(probe, { force: true })
  }
}
