/** Replaces a small file in one step, so that a reader, or a crash, finds the old text or the new one. */
import { closeSync, constants, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { sweepLeftovers } from './leftovers.ts'

/** Throws the system's error, and then leaves the old file and nothing beside it: each process would leave another. */
export function replaceFile(file: string, text: string): void {
  sweepLeftovers(path.dirname(file), `${path.basename(file)}.`, /^\d+\.new$/)
  const beside = `${file}.${process.pid}.new`
  // The new file is renamed into place, so that a planted link is replaced and never followed.
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW
  const handle = openSync(beside, flags, 0o600)
  try {
    try {
      writeFileSync(handle, text)
    } finally {
      closeSync(handle)
    }
    renameSync(beside, file)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  }
}
