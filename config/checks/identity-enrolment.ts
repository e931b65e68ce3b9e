/** Checks of `identity[].enrolment`: a roll-out that is over, or that lasts long. */
import type { Diagnostics } from '../reading/diagnostics.ts'
import type { DraftConfig } from '../schema.ts'

const quarterMs = 90 * 86_400_000

/** `now` in milliseconds. */
export function checkEnrolment({ identity }: DraftConfig, now: number, diagnostics: Diagnostics): void {
  identity?.forEach((source, index) => {
    if (source === undefined || !('enrolment' in source)) return
    const { enrolment } = source
    if (typeof enrolment !== 'object' || enrolment.until === undefined) return
    const path = `identity[${index}].enrolment.until`
    if (enrolment.until <= now)
      diagnostics.advise(path, 'is over: from now on people need an invitation to add their first second factor')
    else if (enrolment.until > now + quarterMs)
      diagnostics.advise(
        path,
        'is more than three months ahead: until then a password of this source is enough to add a first second factor'
      )
  })
}
