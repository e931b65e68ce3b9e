/**
 * Looks up accounts by name and validates their groups, e-mail and display name, which become header values for apps.
 */

import { type Credential, Credentials } from '../../factor/credential.ts'
import { RecoveryCodes } from '../../factor/recovery-code.ts'
import { type Misfit, misfitOf } from '../../factor/webauthn-policy.ts'
import type { Account } from '../../identity/account.ts'
import { Accounts } from '../../identity/accounts.ts'
import { Invitations } from '../../identity/invitations.ts'
import type { Keyring } from '../../keyring/keyring.ts'
import { webauthnOf } from '../../services/app-options.ts'
import { AttemptLimiter } from '../../throttle/attempt-limiter.ts'
import { type Io, PersonError, UsageError, visible } from '../command.ts'
import type { CommandContext } from '../command-context.ts'

export function accountsAt({ store, clock }: CommandContext): Accounts {
  return new Accounts({ store, clock })
}

export function credentialsAt({ store, clock }: CommandContext): Credentials {
  return new Credentials({ store, clock })
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

/** The account of that name. Throws PersonError if there is none. */
export async function personNamed(place: CommandContext, name: string): Promise<Account> {
  const account = await accountsAt(place).byName(name)
  if (account === null)
    throw new PersonError(`there is no account '${visible(name)}'; 'factorgate user list' shows all accounts`)
  return account
}

/** Warns if another account has the same address: the sign-in then accepts it for neither. */
export async function warnOfSharedAddress(place: CommandContext, account: Account, io: Io): Promise<void> {
  const { name, email } = account
  if (email === null || (await accountsAt(place).bySignIn(email))?.id === account.id) return
  io.stderr(
    `note: another account has '${visible(email)}' as its address or name, so ${name} cannot sign in with this address, but only with the name '${name}'. ` +
      `'factorgate user list --json' shows all addresses, and 'factorgate user set NAME --email ADDRESS' changes one\n`
  )
}

/** Creates and journals an invitation and returns its URL. Older ones become invalid. */
export async function invite(place: CommandContext, account: Account): Promise<string> {
  const token = await new Invitations(place).issue(account.id)
  await place.record({ kind: 'invitation.issue', account: account.id, name: account.name })
  return `${await place.portalUrl()}/.factorgate/invite/${token}`
}

/** Why the configured policy does not take a credential; null where it does. */
export function misfitIn({ config }: CommandContext): (credential: Credential) => Misfit | null {
  const { policy = null } = webauthnOf(config.factors)
  return credential => (credential.kind === 'webauthn' ? misfitOf(policy, credential) : null)
}

/** Validates `--group`. Throws UsageError. */
export function readGroup(text: string): string {
  const name = text.trim()
  // Apps split the groups header, so `a,b` would be two groups there.
  if (name === '' || name.length > 64 || /[,;|\p{C}\p{Zl}\p{Zp}]/u.test(name))
    throw new UsageError(`--group must have 1 to 64 characters, without , ; | and line breaks, got '${visible(text)}'`)
  return name
}

/** Validates `--email`. Throws UsageError. */
export function readEmail(text: string): string {
  const address = text.trim()
  if (address.length > 254 || !/^[^\s@,;<>"\p{C}]+@[^\s@,;<>"\p{C}]+$/u.test(address))
    throw new UsageError(`--email must be an address such as alice@lab.example, got '${visible(text)}'`)
  return address
}

/** Validates `--display`. Throws UsageError. */
export function readDisplayName(text: string): string {
  const name = text.normalize('NFC').trim()
  // Joiners belong to some scripts; other invisible characters make names look alike.
  if (name === '' || name.length > 128 || /[^\P{C}\u200c\u200d]|[\p{Zl}\p{Zp}]/u.test(name))
    throw new UsageError(`--display must have 1 to 128 characters on one line, got '${visible(text)}'`)
  return name
}
