/** The field for a person's current password. new-password.tsx has the one for a new password. */
import type { Messages } from './messages/messages.ts'
import { passwordAid } from './password-aid.ts'

interface CurrentPasswordProps {
  readonly say: Messages
  /** `old` beside a new password. */
  readonly name?: 'password' | 'old'
  readonly label: string
  readonly isWrong: boolean
  readonly isFirst: boolean
}

export function CurrentPassword({ say, name = 'password', label, isWrong, isFirst }: CurrentPasswordProps) {
  return (
    <div>
      <label for={name}>{label}</label>
      <input
        id={name}
        name={name}
        type="password"
        autocomplete="current-password"
        maxLength={1024}
        required
        autofocus={isFirst}
        {...passwordAid(say)}
        aria-invalid={isWrong ? true : undefined}
        aria-describedby={isWrong ? 'problem' : undefined}
      />
    </div>
  )
}
