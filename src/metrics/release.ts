/** The release and folder of Factorgate, by package.json, one directory higher after the build. */
import { readFileSync } from 'node:fs'
import path from 'node:path'

export function release(): string {
  const text = read(path.join(programFolder(), 'package.json'))
  const { name, version } = JSON.parse(text ?? '{}') as { name?: string; version?: string }
  return name === 'factorgate' ? String(version) : 'of unknown version'
}

/** The folder of package.json; the disk's root if there is none. */
export function programFolder(): string {
  for (let folder = import.meta.dirname; ; folder = path.dirname(folder)) {
    const text = read(path.join(folder, 'package.json'))
    if (text !== null && (JSON.parse(text) as { name?: string }).name === 'factorgate') return folder
    if (folder === path.dirname(folder)) return folder
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
