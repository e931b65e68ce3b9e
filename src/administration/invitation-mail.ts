/** The mail with an invitation, for the command line and the console. The dispatcher sends it; its link waits in the store, sealed. */
import type { Account } from '../identity/account.ts'
import { newId } from '../ids.ts'
import type { Keyring } from '../keyring/keyring.ts'
import { mailAddress } from '../notify/mail-address.ts'
import { sealFor } from '../notify/notice.ts'
import type { NoticeQueue } from '../notify/notice-queue.ts'

interface InvitationMailParts {
  readonly queue: Pick<NoticeQueue, 'add'>
  readonly keyring: Pick<Keyring, 'seal'>
  readonly clock: () => number
}

/** True if a mail can be sent to this address. */
export function canBeMailed(email: string | null): boolean {
  return email !== null && mailAddress(email) !== null
}

/** Keeps the mail in the store. `validSeconds` is the time for which the link works; absent for the usual time. */
export async function mailInvitation(
  { queue, keyring, clock }: InvitationMailParts,
  { id: account, name }: Pick<Account, 'id' | 'name'>,
  url: string,
  validSeconds?: number
): Promise<void> {
  const id = newId()
  await queue.add({
    id,
    kind: 'invitation',
    at: clock(),
    to: [{ kind: 'account', id: account }],
    account,
    name,
    facts: validSeconds === undefined ? {} : { validSeconds },
    sealed: keyring.seal(url, sealFor(id))
  })
}
