/** The button that opens the browser's passkey dialogue, with the attributes that page.js reads. Without scripts it is hidden. */
import type { Frame } from './layout.tsx'
import { type ReturnTo, withReturnTo } from './return-to.ts'

export type Purpose = 'login' | 'challenge' | 'enrol'

interface PasskeyButtonProps {
  frame: Frame
  returnTo: ReturnTo
  purpose: Purpose
  label: string
  /** Offers passkeys in the name field too (conditional UI). */
  autofill?: boolean
  nameField?: string
  second?: boolean
  autofocus?: boolean
}

export function PasskeyButton(props: PasskeyButtonProps) {
  const { frame, returnTo, purpose } = props
  const say = frame.say.passkey
  return (
    <div
      class="scripted"
      data-passkey={purpose}
      data-query={withReturnTo('', returnTo, { for: purpose })}
      data-csrf={frame.csrf}
      data-autofill={props.autofill ? '' : undefined}
      data-name-field={props.nameField}
      data-cancelled={say.cancelled}
      data-failed={say.failed}
      data-offline={say.offline}
      data-known={purpose === 'enrol' ? say.known : undefined}
      data-unsupported={say.unsupported}
      data-working={say.working}
      data-ready={frame.say.login.ready}
    >
      <button type="button" class={props.second ? 'second' : undefined} autofocus={props.autofocus}>
        {props.label}
      </button>
      <p class="notice" role="status" hidden />
    </div>
  )
}
