/**
 * Probes the clock: this machine's against the store's and the apps', and whether a time server sets it. Codes (RFC 6238 §5.2) and the ends
 * of sessions depend on it.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { DoctorFinding } from './finding.ts'

/** Date headers have whole seconds. */
const slightMs = 5_000
/** One step of a code. */
const grossMs = 30_000

/** Milliseconds since the epoch. */
interface ClockReading {
  readonly of: string
  readonly at: number
  /** This machine's clock at that moment. */
  readonly ours: number
}

export interface ClockedFindings {
  readonly findings: readonly DoctorFinding[]
  readonly clocks: readonly ClockReading[]
}

/** If all others agree against this machine, its own clock is wrong. */
export function compareClocks(readings: readonly ClockReading[]): DoctorFinding[] {
  const off = readings.filter(({ at, ours }) => Math.abs(at - ours) > slightMs)
  const isOurs = off.length === readings.length && off.every(({ at, ours }) => at > ours === off[0]!.at > off[0]!.ours)
  if (isOurs && off.length > 0) {
    const least = off.reduce((a, b) => (Math.abs(a.at - a.ours) <= Math.abs(b.at - b.ours) ? a : b))
    return [
      {
        degree: Math.abs(least.at - least.ours) > grossMs ? 'problem' : 'warning',
        path: '',
        wrong: `the clock of this machine is ${difference(least)} ${least.of}: codes of authenticator apps may be refused`,
        mend: `Compare it with a time server (timedatectl status), and let one set it: timedatectl set-ntp true. If it is right, correct the clock of ${least.of}.`
      }
    ]
  }
  return off.map(reading => ({
    degree: 'warning',
    path: '',
    wrong: `the clock of this machine is ${difference(reading)} ${reading.of}, and other clocks agree with this machine`,
    mend: `Let a time server set the clock of ${reading.of}.`
  }))
}

function difference({ at, ours }: ClockReading): string {
  const seconds = Math.round(Math.abs(at - ours) / 1000)
  const long = seconds >= 172_800 ? `${Math.round(seconds / 86_400)} days` : `${seconds} seconds`
  return ours > at ? `${long} ahead of` : `${long} behind`
}

/** Asks systemd, and finds nothing without it. */
export async function timeServerFinding(): Promise<DoctorFinding[]> {
  const args = ['show', '--property=NTPSynchronized', '--value']
  const answer = await promisify(execFile)('timedatectl', args, { timeout: 2000 }).catch(() => null)
  if (answer?.stdout.trim() !== 'no') return []
  return [
    {
      degree: 'warning',
      path: '',
      wrong: 'no time server sets the clock of this machine, so it will drift',
      mend: 'Run: timedatectl set-ntp true. In a container or a virtual machine, do so on its host.'
    }
  ]
}
