/** The file of `--advisories`, compared with the program's packages. */
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { AdvisoryFileError, readAdvisories } from '../../evidence/advisories.ts'
import { findingsOf } from '../../evidence/affected.ts'
import type { AdvisoryReport } from '../../evidence/evidence.ts'
import type { Component } from '../../evidence/sbom.ts'
import { visible } from '../../messages/visible.ts'
import { PersonError } from '../command.ts'

const maxBytes = 256 * 1024 ** 2

/** Throws PersonError for an unreadable file or an unknown form. */
export async function advisoryReport(file: string, components: readonly Component[]): Promise<AdvisoryReport> {
  const name = visible(file)
  const stats = await stat(file).catch(error => {
    throw error.code === 'ENOENT' ? new PersonError(`--advisories ${name}: there is no such file`) : error
  })
  if (!stats.isFile()) throw new PersonError(`--advisories ${name} is not a file`)
  if (stats.size > maxBytes)
    throw new PersonError(
      `--advisories ${name} is larger than ${maxBytes / 1024 ** 2} MiB; give a file with the advisories of npm packages alone`
    )
  const bytes = await readFile(file)
  try {
    const findings = findingsOf(readAdvisories(bytes.toString('utf8')), components)
    return {
      ...findings,
      file: path.basename(file),
      sha256: createHash('sha256').update(bytes).digest('hex'),
      changedAt: stats.mtimeMs
    }
  } catch (error) {
    if (!(error instanceof AdvisoryFileError)) throw error
    throw new PersonError(
      `--advisories ${name} cannot be used: ${visible(error.message)}. It must hold OSV entries (https://osv.dev) or what 'npm audit --json' prints`
    )
  }
}
