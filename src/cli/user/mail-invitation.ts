/** `--mail` of `user add` and `user invite`. */
import type { Account } from '../../identity/account.ts'
import { readKeyFile } from '../../keyring/key-file.ts'
import { visible } from '../../messages/visible.ts'
import { PersonError } from '../command.ts'
import type { CommandContext } from '../command-context.ts'
import { asSelf } from '../owner.ts'

interface InvitationMail {
  /** Keeps the mail for the gate, which sends it. */
  send(account: Account, url: string, validSeconds: number | undefined): Promise<void>
}

/** Throws PersonError if no mail can be sent, before anything is changed. */
export async function invitationMail(
  { config, store, clock }: CommandContext,
  ...people: readonly { readonly name: string; readonly email: string | null }[]
): Promise<InvitationMail> {
  const { canBeMailed, mailInvitation } = await import('../../administration/invitation-mail.ts')
  const { NoticeQueue } = await import('../../notify/notice-queue.ts')
  if (config.notify === null || config.notify.mail === null)
    throw new PersonError("--mail needs a mail server: the configuration has no key 'notify.mail'; nothing was changed")
  const without = people.find(({ email }) => !canBeMailed(email))
  if (without !== undefined)
    throw new PersonError(
      `--mail needs a mail address, and ${visible(without.name)} has none; give one with --email (user add, user set); nothing was changed`
    )
  const keyring = await asSelf(() => readKeyFile(config.keyFile))
  const queue = new NoticeQueue(store)
  return { send: (account, url, valid) => mailInvitation({ queue, keyring, clock }, account, url, valid) }
}
