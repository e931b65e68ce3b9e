/** The field for the user name, on the sign-in page and where a lost password is reported. */

interface UsernameFieldProps {
  readonly label: string
  readonly value: string
  /** True where the browser may also offer a passkey. */
  readonly offersPasskey?: boolean
  readonly autofocus: boolean
}

export function UsernameField({ label, value, offersPasskey = false, autofocus }: UsernameFieldProps) {
  return (
    <div>
      <label for="username">{label}</label>
      <input
        id="username"
        name="username"
        value={value}
        dir="auto"
        autocomplete={offersPasskey ? 'username webauthn' : 'username'}
        autocapitalize="none"
        autocorrect="off"
        spellcheck={false}
        maxLength={256}
        required
        autofocus={autofocus}
      />
    </div>
  )
}

/** The name for password managers, where the page knows it. They do not look at `type="hidden"`, and would keep the password without a name. */
export function KnownUsername({ name }: { name: string }) {
  return <input hidden value={name} autocomplete="username" />
}
