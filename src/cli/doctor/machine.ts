/** Probes the machine: free space in the folders that the gate writes, the release of Node.js, and the processors. */
import { statfs } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import type { Config } from '../../../config/schema.ts'
import { existingPath } from '../existing-path.ts'
import { nodeEndsSoon, nodeReleaseWarning } from '../node-release.ts'
import type { DoctorFinding } from './finding.ts'

const mebibyte = 1024 * 1024
/** A full disk stops everybody. */
const littleBytes = 100 * mebibyte
const scarceBytes = 1024 * mebibyte

export async function examineDisks({ journal, store }: Pick<Config, 'journal' | 'store'>): Promise<DoctorFinding[]> {
  const places: [at: string, file: string][] = [['journal', journal.file]]
  if (store.kind === 'embedded') places.push(['store', store.path])
  const found = await Promise.all(places.map(([at, file]) => examineDisk(at, existingPath(file))))
  return found.flat()
}

async function examineDisk(at: string, folder: string): Promise<DoctorFinding[]> {
  const { bavail, bsize, blocks, files, ffree } = await statfs(folder)
  // Devices such as /dev/stdout have no size.
  if (blocks === 0) return []
  const left = bavail * bsize
  const finding = (degree: DoctorFinding['degree'], wrong: string): DoctorFinding[] => [
    {
      degree,
      path: at,
      wrong,
      mend: `Delete what nobody needs, such as old rotated journals that are kept elsewhere, or give ${folder} a larger disk.`
    }
  ]
  if (files > 0 && ffree === 0)
    return finding('problem', `the disk of ${folder} takes no more files (all its inodes are used)`)
  if (left < littleBytes)
    return finding(
      'problem',
      `the disk of ${folder} is ${left < mebibyte ? 'full' : `almost full: ${size(left)} are left`}, and the gate lets nobody in while it cannot write the journal`
    )
  // A small disk is not almost full because it is small.
  if (left < scarceBytes && bavail / blocks < 0.1)
    return finding('warning', `the disk of ${folder} has only ${size(left)} left`)
  return []
}

function size(bytes: number): string {
  return `${Math.floor(bytes / mebibyte)} MiB`
}

/** `now` in milliseconds. */
export function examineProcess(
  { workers }: Pick<Config, 'workers'>,
  now: number,
  version = process.versions.node,
  cores = availableParallelism()
): DoctorFinding[] {
  const found: DoctorFinding[] = []
  const over = nodeReleaseWarning(version, now)
  const soon = nodeEndsSoon(version, now)
  if (over !== null)
    found.push({
      degree: 'warning',
      path: '',
      wrong: over.split(':')[0] as string,
      mend: 'Install Node.js 24 or newer, and restart the gate.'
    })
  else if (soon !== null)
    found.push({
      degree: 'warning',
      path: '',
      wrong: `Node.js ${version} gets no security fixes after ${soon}`,
      mend: 'Plan the step to Node.js 24 or newer.'
    })
  if (workers !== 'auto' && workers > cores)
    found.push({
      degree: 'warning',
      path: 'workers',
      wrong: `the gate has ${workers} workers, but this machine runs ${cores} at the same time`,
      mend: `Write workers: auto, or at most ${cores}.`
    })
  return found
}
