/** `2026-11-28 14:03 UTC`, in every language, since the gate knows nobody's time zone. */
export function utcMinute(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
