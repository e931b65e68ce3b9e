/** A moment to the minute, the same in every language, since the gate knows nobody's time zone. `2026-11-28 14:03 UTC`. */
export function utcMinute(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
