/**
 * The table of attacks: a row for each scenario of docs/THREATS.md, and its name in the test's output, which `npm run threats` reads. A row
 * that cannot apply gives the reason.
 */
import type { Test } from 'tap'

export interface Scenario {
  /** As in docs/THREATS.md: `H3`. */
  readonly id: string
  /** Advisories and sources: `CVE-2025-64484 GHSA-vjrc-mh2v-45x6`; empty where there is none. */
  readonly refs: string
  /** What is done, in a few words. */
  readonly tried: string
  /** What must come of it. */
  readonly safe: string
  run(t: Test): Promise<void>
}

interface Exempt {
  readonly id: string
  readonly refs: string
  /** Why the scenario has nothing to hold on to here. */
  readonly reason: string
}

export type Row = Scenario | Exempt

/** The name of a row's subtest: `H3 CVE-… · tried → safe`, or `P8 … · cannot apply: reason`. */
export function nameOf(row: Row): string {
  const head = row.refs === '' ? row.id : `${row.id} ${row.refs}`
  return 'run' in row ? `${head} · ${row.tried} → ${row.safe}` : `${head} · cannot apply: ${row.reason}`
}

/** Runs the rows one after the other, each as a subtest of its own. */
export async function tryAll(t: Test, rows: readonly Row[]): Promise<void> {
  for (const row of rows) {
    if ('run' in row) await t.test(nameOf(row), t => row.run(t))
    else t.pass(nameOf(row))
  }
}
