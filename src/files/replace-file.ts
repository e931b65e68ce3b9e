/** Replaces a small file in one step, so that a reader, or a crash, finds the old text or the new one. */
import { closeSync, constants, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { sweepLeftovers } from './leftovers.ts'

/** Throws the system's error, and then leaves the old file and nothing beside it: otherwise each process would leave another one. */
export function replaceFile(file: string, text: string): void {
  replaceFiles([[file, text]])
}

/** For files that belong together: none is replaced before there was room for all. */
export function replaceFiles(files: readonly (readonly [file: string, text: string])[]): void {
  const besides = files.map(([file]) => `${file}.${process.pid}.new`)
  try {
    for (const [n, [file, text]] of files.entries()) {
      sweepLeftovers(path.dirname(file), `${path.basename(file)}.`, /^\d+\.new$/)
      write(besides[n]!, text)
    }
    for (const [n, [file]] of files.entries()) renameSync(besides[n]!, file)
  } catch (error) {
    for (const beside of besides) rmSync(beside, { force: true })
    throw error
  }
}

function write(file: string, text: string): void {
  // A planted link is replaced by the rename and never followed.
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW
  const handle = openSync(file, flags, 0o600)
  try {
    writeFileSync(handle, text)
  } finally {
    closeSync(handle)
  }
}
