/** Whether a disk has room. */
import { closeSync, constants, openSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'

/** Throws the system's error unless `folder` takes a file of `bytes`. Only a write tells: quotas and errors of a disk are in no count. */
export function checkFreeSpace(folder: string, bytes: number): void {
  const probe = path.join(folder, `probe.${process.pid}`)
  rmSync(probe, { force: true })
  // The exclusive mode refuses a planted link.
  const file = openSync(probe, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600)
  try {
    for (let left = bytes; left > 0; ) left -= writeSync(file, Buffer.alloc(left, 1))
  } finally {
    closeSync(file)
    rmSync(probe, { force: true })
  }
}
