/** The field for the password that a person has already, wherever it is asked for. A new one is new-password.tsx. */

export interface CurrentPasswordProps {
  /** The field's name in the form; `password` unless a new one stands beside it. */
  readonly name?: 'password' | 'old'
  readonly label: string
  readonly isWrong: boolean
  readonly isFirst: boolean
}

export function CurrentPassword({ name = 'password', label, isWrong, isFirst }: CurrentPasswordProps) {
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
        aria-invalid={isWrong ? true : undefined}
        aria-describedby={isWrong ? 'problem' : undefined}
      />
    </div>
  )
}
