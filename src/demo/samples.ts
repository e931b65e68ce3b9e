/** The invented samples of the lab, the same at every start. */
import { dayMs } from '../clock.ts'

export type Status = 'received' | 'queued' | 'running' | 'measured' | 'failed'

export interface Sample {
  readonly id: string
  readonly name: string
  readonly matrix: string
  readonly project: string
  readonly owner: string
  readonly status: Status
  /** The freezer, rack and position. */
  readonly place: string
  readonly received: string
  readonly story: readonly { readonly day: string; readonly what: string; readonly who: string }[]
}

const projects = ['Kelp holobiont', 'Peatland lipids', 'Neonatal plasma', 'Old varnishes'] as const

const rows: readonly (readonly [string, string, number, string, Status])[] = [
  ['Laminaria blade, tip', 'Leaf extract', 0, 'I. Brandvold', 'running'],
  ['Laminaria blade, base', 'Leaf extract', 0, 'I. Brandvold', 'queued'],
  ['Holdfast biofilm 3', 'Biofilm', 0, 'I. Brandvold', 'queued'],
  ['Blank, seawater medium', 'Seawater', 0, 'I. Brandvold', 'measured'],
  ['Core B, 10 cm', 'Peat', 1, 'T. Okafor', 'measured'],
  ['Core B, 40 cm', 'Peat', 1, 'T. Okafor', 'measured'],
  ['Core B, 90 cm', 'Peat', 1, 'T. Okafor', 'failed'],
  ['Core C, 10 cm', 'Peat', 1, 'T. Okafor', 'received'],
  ['Cohort 2, pool A', 'Plasma', 2, 'M. Lindqvist', 'measured'],
  ['Cohort 2, pool B', 'Plasma', 2, 'M. Lindqvist', 'measured'],
  ['Cohort 2, pool C', 'Plasma', 2, 'M. Lindqvist', 'queued'],
  ['Cohort 2, quality control', 'Plasma', 2, 'M. Lindqvist', 'measured'],
  ['Violin, Füssen, c. 1710', 'Varnish', 3, 'D. Château', 'received'],
  ['Retable, left wing', 'Varnish', 3, 'D. Château', 'measured'],
  ['Mastic reference', 'Resin', 3, 'D. Château', 'measured']
]

const steps: readonly { what: string; who: string }[] = [
  { what: 'Received and logged', who: 'Front desk' },
  { what: 'Aliquoted, three tubes', who: 'R. Amsel' },
  { what: 'Extracted, methanol and MTBE', who: 'R. Amsel' },
  { what: 'On the autosampler, tray 2', who: 'Orbit-2' },
  { what: 'Acquired, 22 min gradient', who: 'Orbit-2' }
]

const stepsDone: Readonly<Record<Status, number>> = { received: 1, queued: 3, running: 4, failed: 4, measured: 5 }

function day(of: number): string {
  return new Date(Date.UTC(2026, 2, 2) + of * dayMs).toISOString().slice(0, 10)
}

export const samples: readonly Sample[] = rows.map(([name, matrix, project, owner, status], i) => ({
  id: `AM-26-${String(117 + i * 3).padStart(4, '0')}`,
  name,
  matrix,
  project: projects[project]!,
  owner,
  status,
  place: `F${1 + (i % 3)} · rack ${'ABCD'[i % 4]} · ${1 + ((i * 7) % 96)}`,
  received: day(i),
  story: steps.slice(0, stepsDone[status]).map((step, n) => ({ day: day(i + n), ...step }))
}))

export function sample(id: string): Sample | undefined {
  return samples.find(each => each.id === id)
}

/** The samples whose id, name, project, owner or matrix contains every word of `query`. */
export function find(query: string): readonly Sample[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  return samples.filter(each => {
    const text = `${each.id} ${each.name} ${each.project} ${each.owner} ${each.matrix} ${each.status}`.toLowerCase()
    return words.every(word => text.includes(word))
  })
}

/** `second` seconds into a run: a drifting baseline, four peaks, and a ripple in place of noise. */
export function totalIonCurrent(second: number): number {
  const t = ((second % 132) + 132) % 132
  const peak = (at: number, width: number, height: number) => height * Math.exp(-((t - at) ** 2) / (2 * width ** 2))
  const ripple = Math.sin(t * 12.9898) * 1.4e4 + Math.sin(t * 4.1) * 0.9e4
  return Math.round(
    9e4 + 300 * t + peak(18, 1.6, 8e5) + peak(41, 2.2, 2.1e6) + peak(47, 1.8, 1.2e6) + peak(96, 3, 1.6e6) + ripple
  )
}

/** CSV: retention time in seconds, counts. */
export function chromatogram(of: Sample): string {
  const offset = samples.indexOf(of)
  const lines = [`# ${of.id}, ${of.name}, Orbit-2, positive mode`, 'seconds,counts']
  for (let i = 0; i < 2640; i++) lines.push(`${(i / 2).toFixed(1)},${totalIonCurrent(i / 20 + offset)}`)
  return `${lines.join('\n')}\n`
}

/** Made on demand. It exceeds the 32 MiB that a system buffers for a silent reader, so that a cut download shows. */
export const rawFileBytes = 64 * 1024 * 1024

export function rawFile(offset: number, length: number): Buffer {
  const piece = Buffer.allocUnsafe(length)
  for (let i = 0; i < length; i++) piece[i] = ((offset + i) * 31 + ((offset + i) >> 8)) & 255
  return piece
}
