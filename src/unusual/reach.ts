/** How many bytes a person may fetch before a proof is asked. */
import { at } from './features.ts'
import { type Context, scoreOf } from './score.ts'

const maxBytes = 1e15
const steps = 60

/** The bytes of today at which the score reaches `threshold`; null if no amount does. The person's numbers are restored. */
export function bytesToReach(context: Context, threshold: number): number | null {
  const { numbers } = context.person
  const before = numbers[at.bytes]!
  const scoreAt = (bytes: number) => {
    numbers[at.bytes] = bytes
    return scoreOf(context)
  }
  try {
    if (scoreAt(before) >= threshold) return before
    if (scoreAt(maxBytes) < threshold) return null
    let low = Math.log(Math.max(1, before))
    let high = Math.log(maxBytes)
    for (let i = 0; i < steps; i++) {
      const middle = (low + high) / 2
      if (scoreAt(Math.exp(middle)) >= threshold) high = middle
      else low = middle
    }
    return Math.exp(high)
  } finally {
    numbers[at.bytes] = before
  }
}
