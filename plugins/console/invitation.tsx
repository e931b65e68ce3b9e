/** The page that shows the link of an invitation once. */
import type { Account } from '../../src/identity/account.ts'
import { Said } from '../portal/layout.tsx'
import type { ConsoleFrame } from './console-page.ts'
import { Sheet } from './layout.tsx'
import { pathOf } from './person.tsx'

export interface InvitationView {
  readonly account: Account
  readonly link: string
}

export function InvitationPage({ frame, view: { account, link } }: { frame: ConsoleFrame; view: InvitationView }) {
  const say = frame.say.invitation
  return (
    <Sheet frame={frame} title={say.title} at="people" narrow>
      <p>
        <Said text={say.lead({ name: account.displayName })} />
      </p>
      <output class="secret" aria-label={say.label} dir="ltr">
        {link}
      </output>
      <button type="button" class="scripted" data-copy={link} data-copied={say.copied}>
        {say.copy}
      </button>
      <p>
        <a href={pathOf(account.id)}>{say.on}</a>
      </p>
    </Sheet>
  )
}
