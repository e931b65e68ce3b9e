/** The page that shows the link of an invitation once. */
import type { FastifyReply } from 'fastify'
import { canBeMailed } from '../../src/administration/invitation-mail.ts'
import type { Account } from '../../src/identity/account.ts'
import { Said } from '../portal/layout.tsx'
import { sendPage } from '../portal/page-context.ts'
import { type ConsoleFrame, type ConsolePage, consoleFrame } from './console-page.ts'
import { type readInvitation, validityInWords } from './fields.tsx'
import { Sheet } from './layout.tsx'
import type { ConsoleOptions } from './options.ts'
import { pathOf } from './person.tsx'

interface InvitationView {
  readonly account: Account
  /** Null where the gate sends it by mail. */
  readonly link: string | null
  readonly validSeconds: number | undefined
}

function InvitationPage({ frame, view }: { frame: ConsoleFrame; view: InvitationView }) {
  const { account, link, validSeconds } = view
  const say = frame.say.invitation
  const valid = validityInWords(frame, validSeconds)
  return (
    <Sheet frame={frame} title={link === null ? say.sentTitle : say.title} at="people" narrow>
      <p>
        <Said
          text={
            link === null
              ? say.sent({ name: account.displayName, address: account.email ?? '', valid })
              : say.lead({ name: account.displayName, valid })
          }
        />
      </p>
      {link !== null && (
        <>
          <output class="secret" aria-label={say.label} dir="ltr">
            {link}
          </output>
          <button type="button" class="scripted" data-copy={link} data-copied={say.copied}>
            {say.copy}
          </button>
        </>
      )}
      <p>
        <a href={pathOf(account.id)}>{say.on}</a>
      </p>
    </Sheet>
  )
}

/** Shows the link once, or keeps it for a mail. The operator's choice stands in the form. */
export async function showInvitation(
  page: ConsolePage,
  { invitationMail }: Pick<ConsoleOptions, 'invitationMail'>,
  { account, token }: { readonly account: Account; readonly token: string },
  { mail, validSeconds }: ReturnType<typeof readInvitation>
): Promise<FastifyReply> {
  const link = `${page.portal.portalOrigin}/.factorgate/invite/${token}`
  const isMailed = mail && invitationMail !== null && canBeMailed(account.email)
  if (isMailed) await invitationMail(account, link, validSeconds)
  const view = { account, link: isMailed ? null : link, validSeconds }
  return sendPage(page, 200, <InvitationPage frame={consoleFrame(page)} view={view} />)
}
