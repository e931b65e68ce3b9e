/** What is wrong with the certificate of one name, without secrets. */
import type { NameState } from './records.ts'

/** Null if all is well, or `state` of a name that no gate has looked at. */
export function troubleOf(name: string, state: NameState | null, now: number): string | null {
  const why = state?.why ?? null
  if (state === null || state.ends === null)
    return why === null
      ? `there is no certificate for ${name} yet; a running gate gets it`
      : `there is no certificate for ${name} yet: ${why}`
  const ends = new Date(state.ends).toISOString()
  if (state.ends <= now) return `the certificate for ${name} ended on ${ends}${after(why)}`
  return state.failures === 0
    ? null
    : `the certificate for ${name} ends on ${ends}, and could not be renewed${after(why)}`
}

export function after(why: string | null): string {
  return why === null ? '' : `: ${why}`
}
