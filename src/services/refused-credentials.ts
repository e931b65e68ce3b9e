/** The enrolled passkeys and security keys that the policy does not take. */
import type { Credentials } from '../factor/credential.ts'
import { misfitOf, type WebauthnPolicy } from '../factor/webauthn-policy.ts'
import type { Accounts } from '../identity/accounts.ts'
import { inBatches } from '../store/batches.ts'

/** Reads everybody's credentials, or nothing if there is no policy. */
export async function refusedCredentials(
  { accounts, credentials }: { accounts: Pick<Accounts, 'list'>; credentials: Pick<Credentials, 'list'> },
  policy: WebauthnPolicy | null
): Promise<ReadonlySet<string>> {
  if (policy === null) return new Set()
  const all = await inBatches(await accounts.list(), ({ id }) => credentials.list(id))
  const refused = all.flat().filter(each => each.kind === 'webauthn' && misfitOf(policy, each) !== null)
  return new Set(refused.map(({ id }) => id))
}
