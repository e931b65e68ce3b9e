/**
 * A large download and upload through the gate, beside nginx as a plain proxy, turn by turn, with the same source, sink and client (curl);
 * and without any proxy, to show that neither end limits the result.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Ender } from '../fixtures/process/gate.ts'
import { guarded } from './gates.ts'
import { proxySettings, serveFiles, serveProxy } from './nginx.ts'
import { median, spread, whole } from './numbers.ts'
import { alternately, ratios } from './pairs.ts'
import { program, serveScript } from './processes.ts'
import { type Bar, type Bench, type Found, table } from './report.ts'
import { watched } from './watched.ts'

const title = 'Bulk'
const rateLimit = 0.8
const memoryLimit = 150
const secondsMax = 300

interface Way {
  readonly name: 'download' | 'upload'
  /** Where it comes from or goes to. */
  readonly app: string
  /** Arguments of curl, and what it shall say that it moved. */
  readonly args: readonly string[]
}

export async function bulk({ end, isQuick }: Bench): Promise<Found> {
  const bytes = isQuick ? 5e8 : 1e10
  const rounds = 2
  const { folder, file } = await holes(end, bytes)
  const source = await serveFiles(end, folder)
  if (source === null || program('curl') === null)
    return { title, text: 'Not measured: it takes nginx and curl.', bars: [] }
  const sink = await serveScript(end, 'sink.mjs')
  const ways: Way[] = [
    {
      name: 'download',
      app: source.origin,
      args: ['-o', '/dev/null', '-w', '%{http_code} %{size_download} %{time_total}']
    },
    {
      name: 'upload',
      app: sink.origin,
      args: ['-T', file, '-H', 'Expect:', '-o', '/dev/null', '-w', '%{http_code} %{size_upload} %{time_total}']
    }
  ]
  const rows: string[][] = []
  const bars: Bar[] = []
  for (const { name, app, args } of ways) {
    const { gate, origin, headers } = await guarded(end, { upstream: app })
    const nginx = (await serveProxy(end, app))!
    const asked = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
    const carry = async (to: string) => {
      const words = ['-sS', '--max-time', String(secondsMax), ...args, ...asked, `${to}/big`]
      const { stdout } = await promisify(execFile)('curl', words)
      const [status, moved, seconds] = stdout.split(' ').map(Number) as [number, number, number]
      if (status !== 200 || moved !== bytes) throw new Error(`${name} by ${to}: ${stdout}`)
      return bytes / 1e6 / seconds
    }
    await carry(app)
    const peaks: number[] = []
    const [ours, theirs, direct] = (await alternately(rounds, [
      async () => {
        const { result, peakMemory } = await watched(gate.pid, () => carry(origin))
        if (peakMemory !== null) peaks.push(peakMemory)
        return result
      },
      () => carry(nginx.origin),
      () => carry(app)
    ])) as [number[], number[], number[]]
    await gate.stop()
    const ratio = ratios(ours, theirs, rate => rate)
    const peak = peaks.length === 0 ? null : Math.max(...peaks)
    rows.push([
      name,
      ...[ours, theirs, direct].map(rates => whole(median(rates))),
      spread(ratio),
      peak === null ? 'not told' : whole(peak)
    ])
    bars.push(
      {
        what: `${name}: rate against nginx as a plain proxy`,
        value: median(ratio),
        turns: ratio,
        limit: rateLimit,
        better: 'more'
      },
      {
        what: `${name}: most resident memory`,
        value: peak,
        limit: memoryLimit,
        better: 'less',
        unit: 'MB',
        isCounted: true
      }
    )
  }
  return {
    title,
    text: `${bytes / 1e9} GB each, ${rounds} times, turn by turn. nginx: one worker, ${proxySettings}. Source: ${source.name} with a sparse file by sendfile, read by curl; sink: raw TCP in Node.js, filled by curl.

${table(['', 'gate MB/s', 'nginx MB/s', 'no proxy MB/s', 'gate against nginx', 'gate, most resident MB'], rows)}`,
    bars
  }
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
