/** Whom the apps let in during a lockdown, for an operator before setting one. */
import type { Credential, Credentials } from '../factor/credential.ts'
import type { Account } from '../identity/account.ts'
import type { PostureTerms } from '../posture/tightening-of.ts'
import { inBatches } from '../store/batches.ts'

interface StaysIn {
  readonly account: Account
  /** False for a person without a second factor that the posture asks for. */
  readonly hasFactor: boolean
}

export interface WhoStaysIn {
  readonly people: readonly StaysIn[]
  /** How many others can use no app. Suspended people do not count. */
  readonly others: number
}

/** `accounts`: everybody, in the order of the answer. */
export async function whoStaysIn(
  accounts: readonly Account[],
  { elevated, lockdown }: PostureTerms,
  credentials: Pick<Credentials, 'list'>,
  isUsable: (credential: Credential) => boolean
): Promise<WhoStaysIn> {
  const active = accounts.filter(({ suspended }) => suspended === null)
  const inside = active.filter(({ groups }) => groups.some(group => lockdown.groups.includes(group)))
  const people = await inBatches(inside, async account => {
    const enrolled = await credentials.list(account.id)
    const hasFactor = enrolled.some(one => elevated.factors.includes(one.kind) && isUsable(one))
    return { account, hasFactor }
  })
  return { people, others: active.length - inside.length }
}
