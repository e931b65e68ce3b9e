/** Durations and sizes as people write them. Owns the units; refuses numbers without one, which is how minutes become hours. */
import { type Wrong, wrong } from './wrong.ts'

/** Every duration of a loaded configuration. */
export type Seconds = number
/** Every size of a loaded configuration. */
export type Bytes = number

const secondsIn: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 }
const bytesIn: Record<string, number> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }

export const durationShape = '[0-9]+(s|m|h|d)'
export const sizeShape = '[0-9]+(B|KiB|MiB|GiB)'

/** `30s 5m 1h 7d` as seconds. */
export function readDuration(text: string): Seconds | Wrong {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  return unit ? Number(count) * secondsIn[unit]! : wrong('must be a number with a unit: 30s, 5m, 1h or 7d')
}

/** `10MiB` as bytes. */
export function readSize(text: string): Bytes | Wrong {
  const [, count, unit] = /^(\d{1,9})(B|KiB|MiB|GiB)$/.exec(text) ?? []
  return unit ? Number(count) * bytesIn[unit]! : wrong('must be a number with a unit: 512B, 64KiB, 10MiB or 2GiB')
}

/** Seconds as the file would write them. */
export function printDuration(seconds: Seconds): string {
  for (const unit of ['d', 'h', 'm']) {
    const size = secondsIn[unit]!
    if (seconds > 0 && seconds % size === 0) return `${seconds / size}${unit}`
  }
  return `${seconds}s`
}

/** Bytes as the file would write them. */
export function printSize(bytes: Bytes): string {
  for (const unit of ['GiB', 'MiB', 'KiB']) {
    const size = bytesIn[unit]!
    if (bytes > 0 && bytes % size === 0) return `${bytes / size}${unit}`
  }
  return `${bytes}B`
}
