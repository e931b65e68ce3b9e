/** Reads the certificate files of a destination. */
import { readFile } from 'node:fs/promises'
import { ExportFailure, reasonOf, type TlsFiles } from './destination.ts'

export interface TlsOptions {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** Rejects with ExportFailure, which names the file. */
export async function readTlsFiles(files: TlsFiles): Promise<TlsOptions> {
  const options: { ca?: string; cert?: string; key?: string } = {}
  for (const name of ['ca', 'cert', 'key'] as const) {
    const file = files[name]
    if (file !== null) options[name] = await readOne(file)
  }
  return options
}

export async function readOne(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new ExportFailure(`the gate cannot read ${file}: ${reasonOf(error)}`)
  }
}
