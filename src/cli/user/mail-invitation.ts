/** The mail with an invitation. The gate sends it; its link waits in the store, sealed. */
import type { Account } from '../../identity/account.ts'
import { newId } from '../../ids.ts'
import { readKeyFile } from '../../keyring/key-file.ts'
import type { Keyring } from '../../keyring/keyring.ts'
import { PersonError, visible } from '../command.ts'
import type { CommandContext } from '../command-context.ts'
import { asSelf } from '../owner.ts'

export interface InvitationMail {
  /** Keeps the mail for the gate. */
  send(account: Account, url: string): Promise<void>
}

/** Throws PersonError where no mail can be sent, before anything is changed. */
export async function invitationMail(
  { config, store, clock }: CommandContext,
  who: { readonly name: string; readonly email: string | null }
): Promise<InvitationMail> {
  const { mailAddress } = await import('../../notify/mail-address.ts')
  if (config.notify === null || config.notify.mail === null)
    throw new PersonError("--mail needs a mail server: the configuration has no key 'notify.mail'; nothing was changed")
  if (who.email === null || mailAddress(who.email) === null)
    throw new PersonError(
      `--mail needs a mail address, and ${visible(who.name)} has none; give one with --email (user add, user set); nothing was changed`
    )
  const keyring: Keyring = await asSelf(() => readKeyFile(config.keyFile))
  return {
    async send({ id: account, name }, url) {
      const { sealFor } = await import('../../notify/notice.ts')
      const { NoticeQueue } = await import('../../notify/notice-queue.ts')
      const id = newId()
      await new NoticeQueue(store).add({
        id,
        kind: 'invitation',
        at: clock(),
        to: [{ kind: 'account', id: account }],
        account,
        name,
        facts: {},
        sealed: keyring.seal(url, sealFor(id))
      })
    }
  }
}
