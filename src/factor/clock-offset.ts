/** The clock offset that explains a code. It only selects a message. */
import { createHmac } from 'node:crypto'
import type { TotpCredential } from './credential.ts'

type Parameters = Pick<TotpCredential, 'algorithm' | 'digits' | 'periodSeconds'>

/** Bad clocks are minutes off, wrong time zones quarters of an hour, up to fourteen hours. */
const closeSeconds = 3600
const quarterSeconds = 900
const farthestSeconds = 14 * 3600
const besideSeconds = 120

/** The smallest offset in seconds, positive for a fast clock; null if none fits. */
export function clockOffset(secret: Uint8Array, code: string, now: number, parameters: Parameters): number | null {
  const { digits, periodSeconds, algorithm } = parameters
  if (code.length !== digits) return null
  const present = Math.floor(now / 1000 / periodSeconds)
  for (const steps of distances(periodSeconds))
    for (const sign of steps === 0 ? [1] : [1, -1]) {
      const step = present + sign * steps
      if (step >= 0 && codeOf(secret, step, algorithm, digits) === code) return sign * steps * periodSeconds
    }
  return null
}

/** In steps, the nearest first. */
function distances(periodSeconds: number): number[] {
  const steps = (seconds: number) => Math.ceil(seconds / periodSeconds)
  const found = new Set(Array.from({ length: steps(closeSeconds) + 1 }, (_, step) => step))
  for (let quarter = closeSeconds; quarter <= farthestSeconds; quarter += quarterSeconds)
    for (let step = steps(quarter - besideSeconds); step <= steps(quarter + besideSeconds); step++) found.add(step)
  return [...found].sort((a, b) => a - b)
}

/** RFC 4226 §5.3 with the hashes of RFC 6238 §1.2. */
function codeOf(secret: Uint8Array, step: number, algorithm: TotpCredential['algorithm'], digits: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac(algorithm, secret).update(counter).digest()
  const at = mac[mac.length - 1]! & 15
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 10 ** digits).padStart(digits, '0')
}
