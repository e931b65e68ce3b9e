/** Large downloads and uploads with curl: a source, a sink and a client that no proxy limits. */
import { execFile } from 'node:child_process'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Ender } from '../fixtures/process/gate.ts'
import { serveFiles } from './nginx.ts'
import { program, serveScript } from './processes.ts'

const maxSeconds = 300

interface Way {
  readonly name: 'download' | 'upload'
  /** Where it comes from or goes to. */
  readonly app: string
  /** Moves all bytes once through `origin` and resolves to the bytes a second. Throws if one is missing. */
  carry(origin: string, headers: Readonly<Record<string, string>>): Promise<number>
}

interface Ways {
  /** The program of the source, with its version. */
  readonly source: string
  readonly all: readonly Way[]
}

/** Ways for `bytes` each. Null where nginx or curl is missing. */
export async function waysFor(end: Ender, bytes: number): Promise<Ways | null> {
  const { folder, file } = await holes(end, bytes)
  const source = await serveFiles(end, folder)
  if (source === null || program('curl') === null) return null
  const sink = await serveScript(end, 'sink.mjs')
  const way = (name: Way['name'], app: string, args: readonly string[]): Way => ({
    name,
    app,
    async carry(origin, headers) {
      const asked = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
      const told = ['-o', '/dev/null', '-w', `%{http_code} %{size_${name}} %{time_total}`]
      const words = ['-sSk', '--http1.1', '--max-time', String(maxSeconds), ...args, ...told, ...asked, `${origin}/big`]
      const { stdout } = await promisify(execFile)('curl', words)
      const [status, moved, seconds] = stdout.split(' ').map(Number) as [number, number, number]
      if (status !== 200 || moved !== bytes) throw new Error(`${name} by ${origin}: ${stdout}`)
      return bytes / seconds
    }
  })
  const all = [way('download', source.origin, []), way('upload', sink.origin, ['-T', file, '-H', 'Expect:'])]
  return { source: source.name, all }
}

/** A file of `bytes` that takes no room, and a small one beside it. */
async function holes(end: Ender, bytes: number): Promise<{ folder: string; file: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'factorgate-bulk-'))
  end.teardown(() => rm(folder, { recursive: true, force: true }))
  for (const [name, size] of [
    ['big', bytes],
    ['data', 100]
  ] as const) {
    const file = await open(path.join(folder, name), 'w')
    await file.truncate(size)
    await file.close()
  }
  return { folder, file: path.join(folder, 'big') }
}
