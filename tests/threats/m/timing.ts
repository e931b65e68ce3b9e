/**
 * `npm run threats -- timing [ROUNDS]`: whether the time of a sign-in tells people apart (THREATS M14, ASVS 6.3.8). It measures and runs a
 * rank test, and asserts nothing, since a busy machine would decide. A probability near 0.500 is chance; |z| above 4 deserves a look.
 */
import type { Test } from 'tap'
import { Caller, elsewhere, Fixture } from '../../fixtures/in-process/callers.ts'

interface Kind {
  readonly what: string
  readonly name: string
  readonly secret: string
}

export interface Comparison {
  /** Standard deviations between the sum of ranks and what chance would give. */
  readonly z: number
  /** How often one of the first is slower than one of the second; ties count half. */
  readonly probability: number
}

/** Mann and Whitney's U of two samples, as a normal deviate, ties corrected for. */
export function compareRanks(first: readonly number[], second: readonly number[]): Comparison {
  const all = [...first.map(value => ({ value, isFirst: true })), ...second.map(value => ({ value, isFirst: false }))]
  all.sort((a, b) => a.value - b.value)
  let ranks = 0
  let ties = 0
  for (let from = 0; from < all.length; ) {
    let to = from
    while (to < all.length && all[to]!.value === all[from]!.value) to++
    const size = to - from
    ties += size ** 3 - size
    for (let i = from; i < to; i++) if (all[i]!.isFirst) ranks += (from + 1 + to) / 2
    from = to
  }
  const [m, n] = [first.length, second.length]
  const u = ranks - (m * (m + 1)) / 2
  const deviation = Math.sqrt(((m * n) / 12) * (m + n + 1 - ties / ((m + n) * (m + n - 1))))
  return { z: deviation === 0 ? 0 : (u - (m * n) / 2) / deviation, probability: u / (m * n) }
}

/** The value that so many of a hundred are below. */
export function percentile(values: readonly number[], of: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * of) / 100))] ?? Number.NaN
}

/** Milliseconds of sign-ins of each kind, taken in turn so that a slow moment meets all alike. */
export async function measure(fixture: Fixture, rounds: number): Promise<Map<string, number[]>> {
  const kinds = await kindsIn(fixture)
  const times = new Map(kinds.map(({ what }) => [what, [] as number[]]))
  for (let round = -2; round < rounds; round++) {
    for (const { what, name, secret } of [...kinds].sort(() => Math.random() - 0.5)) {
      // Past every wait, so that each guess is checked.
      fixture.time.advance(301)
      const caller = new Caller(fixture, elsewhere())
      const since = process.hrtime.bigint()
      const { status } = await caller.signIn(name, secret)
      const ms = Number(process.hrtime.bigint() - since) / 1e6
      if (status !== 401) throw new Error(`${what}: ${status}`)
      if (round >= 0) times.get(what)!.push(ms)
    }
  }
  return times
}

/** Names of one length, so that the bytes sent are as many. */
async function kindsIn(fixture: Fixture): Promise<readonly Kind[]> {
  const wrong = 'another horse battery'
  await fixture.person('timed-known')
  const suspended = await fixture.person('timed-suspd')
  await fixture.runtime.accounts.suspend(suspended.account.id, 'timing')
  await fixture.person('timed-bare1', { factor: false })
  await fixture.gate.account('timed-unset')
  return [
    { what: 'wrong password', name: 'timed-known', secret: wrong },
    { what: 'wrong password (again)', name: 'timed-known', secret: wrong },
    { what: 'unknown name', name: 'timed-nobdy', secret: wrong },
    { what: 'no name at all', name: 'timed nob y', secret: wrong },
    { what: 'suspended, wrong password', name: 'timed-suspd', secret: wrong },
    { what: 'no factor, wrong password', name: 'timed-bare1', secret: wrong },
    { what: 'no password set', name: 'timed-unset', secret: wrong }
  ]
}

/** The table, each kind against a wrong password of somebody known. */
export function tableOf(times: ReadonlyMap<string, readonly number[]>): string {
  const reference = times.get('wrong password') ?? []
  const cell = (value: number, digits: number) => value.toFixed(digits)
  const rows = [...times].map(([what, ms]) => {
    const { z, probability } = compareRanks(ms, reference)
    const spread = [10, 50, 90].map(of => cell(percentile(ms, of), 2)).join(' | ')
    return `| ${what} | ${ms.length} | ${spread} | ${cell(z, 2)} | ${cell(probability, 3)} |`
  })
  const head = '| sign-in | samples | 10 % ms | median ms | 90 % ms | z | slower than a wrong password |'
  return [head, '|---|---|---|---|---|---|---|', ...rows].join('\n')
}

/** Measures and prints. Answers the exit code: 0, whatever the times. */
export async function printTiming(rounds: number): Promise<number> {
  const ends: (() => unknown)[] = []
  const teardown = (end: () => unknown) => void ends.unshift(end)
  try {
    const fixture = await Fixture.start({ teardown } as unknown as Test, { hasher: 'real' })
    console.log(tableOf(await measure(fixture, rounds)))
  } finally {
    for (const end of ends) await end()
  }
  return 0
}
