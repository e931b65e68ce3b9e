/** The mail with an invitation. The dispatcher sends it; its link waits in the store, sealed. */
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

export function canBeMailed(email: string | null): boolean {
  return email !== null && mailAddress(email) !== null
}

/** `validSeconds`: how long the link works; absent for the usual time. */
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
