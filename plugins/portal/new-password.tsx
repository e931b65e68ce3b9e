/** The field for a new password, with hints for browsers and password managers. identity/password.ts has the rules. */
import type { Messages } from './messages/messages.ts'
import { newPasswordAid } from './password-aid.ts'

export function NewPassword({ say, isWrong, isFirst }: { say: Messages; isWrong: boolean; isFirst: boolean }) {
  return (
    <div>
      <label for="password">{say.invite.password}</label>
      <p class="soft" id="hint">
        {say.invite.hint}
      </p>
      <input
        id="password"
        name="password"
        type="password"
        autocomplete="new-password"
        minLength={8}
        maxLength={1024}
        required
        autofocus={isFirst}
        {...newPasswordAid(say)}
        aria-invalid={isWrong ? true : undefined}
        aria-describedby={isWrong ? 'problem hint' : 'hint'}
      />
    </div>
  )
}
