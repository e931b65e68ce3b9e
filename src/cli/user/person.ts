/** Looks up accounts by name and validates groups, e-mail and display name, which become header values for apps. */
import { People } from '../../administration/people.ts'
import {
  readDisplayName as displayName,
  readEmail as email,
  readGroup as group,
  type Read
} from '../../administration/person-input.ts'
import { type Credential, Credentials } from '../../factor/credential.ts'
import { RecoveryCodes } from '../../factor/recovery-code.ts'
import { type Misfit, misfitOf } from '../../factor/webauthn-policy.ts'
import type { Account } from '../../identity/account.ts'
import { AccountError, Accounts } from '../../identity/accounts.ts'
import { Invitations } from '../../identity/invitations.ts'
import { Sponsorships } from '../../identity/sponsorships.ts'
import type { Keyring } from '../../keyring/keyring.ts'
import { visible } from '../../messages/visible.ts'
import { webauthnOf } from '../../services/app-options.ts'
import { AttemptLimiter } from '../../throttle/attempt-limiter.ts'
import { AttemptLocks } from '../../throttle/attempt-locks.ts'
import { type Io, PersonError, UsageError } from '../command.ts'
import type { CommandContext } from '../command-context.ts'

export function accountsAt({ store, clock }: CommandContext): Accounts {
  return new Accounts({ store, clock })
}

export function invitationsAt({ store, clock }: CommandContext): Invitations {
  return new Invitations({ store, clock })
}

export function credentialsAt({ store, clock }: CommandContext): Credentials {
  return new Credentials({ store, clock })
}

export function locksAt({ store, clock }: CommandContext): AttemptLocks {
  return new AttemptLocks({ store, clock })
}

/** `keyring` is needed to read them, not to remove them. */
export function recoveryCodesAt({ store, clock, config }: CommandContext, keyring?: Keyring): RecoveryCodes {
  const needed = () => {
    if (keyring === undefined) throw new Error('recovery codes were read without a keyring')
    return keyring
  }
  const { count } = config.factors.recoveryCodes
  return new RecoveryCodes({ store, clock, keyring: needed, limiter: new AttemptLimiter({ store, clock }), count })
}

/** Throws PersonError if there is none. */
export async function personNamed(place: CommandContext, name: string): Promise<Account> {
  const accounts = accountsAt(place)
  const account = await accounts.byName(name)
  if (account !== null) return account
  const renamed = await accounts.byFormerName(name)
  if (renamed !== null)
    throw new PersonError(`'${visible(name)}' is called '${renamed.name}' now; run the command with this name`)
  throw new PersonError(`there is no account '${visible(name)}'; 'factorgate user list' shows all accounts`)
}

/** Explains an AccountError as a PersonError; other errors stay as they are. `hint` ends the sentence. */
export async function nameTrouble(place: CommandContext, error: unknown, name: string, hint: string): Promise<unknown> {
  if (!(error instanceof AccountError)) return error
  const before = error.problem === 'name_taken' ? await accountsAt(place).byFormerName(name) : null
  if (before === null) return new PersonError(`'${visible(name)}': ${error.message}${hint}`)
  return new PersonError(
    `'${visible(name)}' was the name of ${before.name} before, and apps may have data under it; to free it run: factorgate user forget-name ${visible(name)}`
  )
}

/** Warns if another account has the same address: the sign-in then accepts it for neither. */
export async function warnOfSharedAddress(place: CommandContext, account: Account, io: Io): Promise<void> {
  const { name, email: address } = account
  if (address === null || (await accountsAt(place).bySignIn(address))?.id === account.id) return
  io.stderr(
    `note: another account has '${visible(address)}' as its address or name, so ${name} cannot sign in with this address, but only with the name '${name}'. ` +
      `'factorgate user list --json' shows all addresses, and 'factorgate user set NAME --email ADDRESS' changes one\n`
  )
}

/** The use-cases of operators, journaled by this command. */
export function peopleAt(place: CommandContext): People {
  const { sessions } = place
  return new People({
    accounts: accountsAt(place),
    credentials: credentialsAt(place),
    recoveryCodes: recoveryCodesAt(place),
    invitations: invitationsAt(place),
    sponsorships: new Sponsorships(place),
    sessions,
    locks: locksAt(place),
    operator: place.operator,
    record: event => place.record(event)
  })
}

/** Creates and journals an invitation and returns its URL. Older ones become invalid. */
export async function invite(place: CommandContext, account: Account, validSeconds?: number): Promise<string> {
  return invitationUrl(place, await peopleAt(place).invite(account, validSeconds))
}

export async function invitationUrl(place: CommandContext, token: string): Promise<string> {
  return `${await place.portalUrl()}/.factorgate/invite/${token}`
}

/** Why the policy does not take a credential; null if it does. */
export function misfitIn({ config }: CommandContext): (credential: Credential) => Misfit | null {
  const { policy = null } = webauthnOf(config.factors)
  return credential => (credential.kind === 'webauthn' ? misfitOf(policy, credential) : null)
}

/** Throws UsageError. */
export function readGroup(text: string, option = '--group'): string {
  return valid(option, text, group(text))
}

/** Throws UsageError. */
export function readEmail(text: string): string {
  return valid('--email', text, email(text))
}

/** Throws UsageError. */
export function readDisplayName(text: string): string {
  return valid('--display', text, displayName(text))
}

function valid(option: string, text: string, read: Read): string {
  if ('value' in read) return read.value
  throw new UsageError(`${option} ${read.rule}, got '${visible(text)}'`)
}
