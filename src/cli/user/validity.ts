/** `--valid`: how long an invitation works. */
import { isInvalid } from '../../../config/values/invalid.ts'
import { printDuration, readDuration } from '../../../config/values/value-types.ts'
import { invitationSeconds } from '../../identity/invitations.ts'
import { visible } from '../../messages/visible.ts'
import { UsageError } from '../command.ts'

const { usual, least, most } = invitationSeconds
const bounds = `${printDuration(least)} to ${printDuration(most)}`

export const validOption = { valid: { type: 'string' } } as const
export const validHelp = `  --valid TIME     how long the invitation works: ${bounds} (default: 24h)`

/** Seconds; undefined for the usual time. Throws UsageError. */
export function readValid(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const seconds = readDuration(text.trim())
  if (isInvalid(seconds)) throw new UsageError(`--valid ${seconds.reason}, got '${visible(text)}'`)
  if (seconds < least || seconds > most) throw new UsageError(`--valid must be from ${bounds}, got '${visible(text)}'`)
  return seconds === usual ? undefined : seconds
}

/** `24 hours`, `7 days`. */
export function validityInWords(seconds: number = usual): string {
  const [size, unit] =
    seconds >= 2 * 86_400 && seconds % 86_400 === 0
      ? ([86_400, 'day'] as const)
      : seconds % 3600 === 0
        ? ([3600, 'hour'] as const)
        : seconds % 60 === 0
          ? ([60, 'minute'] as const)
          : ([1, 'second'] as const)
  const count = seconds / size
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
