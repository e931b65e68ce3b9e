/** What the store knows of certificates that the gate gets itself. Read-only, without their keys. */
import type { Config } from '../../../config/schema.ts'
import { certificateNames } from '../../acme/names.ts'
import { type NameState, stateRecord } from '../../acme/records.ts'
import { after, troubleOf } from '../../acme/trouble.ts'
import type { Store } from '../../store/store.ts'
import type { CheckFinding } from './finding.ts'

export interface NameReport {
  readonly name: string
  /** Null for a host that no gate has looked at. */
  readonly state: NameState | null
}

/** A report for each host; none if certificates come from elsewhere. */
export async function issuedNames({ listen, portal, apps }: Config, store: Store): Promise<NameReport[]> {
  if (listen.tls?.acme == null) return []
  const names = certificateNames([portal.url, ...apps.map(({ url }) => url)])
  return Promise.all(names.map(async name => ({ name, state: await stateRecord.get(store, name) })))
}

export function issuedFindings(reports: readonly NameReport[], now: number): CheckFinding[] {
  return reports.flatMap(({ name, state }): CheckFinding[] => {
    const message = troubleOf(name, state, now)
    return message === null ? [] : [{ degree: 'warning', path: 'listen.tls.acme', message }]
  })
}

/** `until 2026-12-01 12:00` and what goes wrong. `say` writes a moment. */
export function issuedSentence({ state }: NameReport, now: number, say: (at: number) => string): string {
  const why = state?.why ?? null
  if (state === null || state.ends === null) return `none yet${after(why)}`
  const sentence = `${state.ends < now ? 'ended' : 'until'} ${say(state.ends)}`
  return state.failures === 0 ? sentence : `${sentence}; could not be renewed${after(why)}`
}
