/** The path itself, or the nearest existing folder above it. */
import { existsSync } from 'node:fs'
import path from 'node:path'

export function existingPath(file: string): string {
  let at = file
  while (!existsSync(at) && at !== path.dirname(at)) at = path.dirname(at)
  return at
}
