/** Both WebAuthn ceremonies as an attacker sees them: begin one, answer it with anything. */
import { Authenticator, type AuthenticatorTraits, type Changes } from '../helpers/authenticator.ts'
import { alice, home, house, stranger } from './house.ts'

export type House = ReturnType<typeof house>
export type Account = typeof alice

export const begin = ({ webauthn }: House, account: Account = alice, binding = 's1') =>
  webauthn.registrationOptions(account, binding)
export const ask = ({ webauthn }: House, accountId: string | null = alice.id, binding = 's1') =>
  webauthn.authenticationOptions({ accountId, binding })

export function answer({ webauthn }: House, ceremony: unknown, response: unknown, change: object = {}) {
  const input = {
    accountId: alice.id as string | null,
    binding: 's1',
    ceremony,
    response,
    address: stranger(),
    ...change
  }
  return webauthn.authenticate(input as Parameters<typeof webauthn.authenticate>[0])
}

export function enrol({ webauthn }: House, ceremony: unknown, response: unknown, change: object = {}) {
  const input = { account: alice, binding: 's1', ceremony, response, name: '', address: home, ...change }
  return webauthn.register(input as Parameters<typeof webauthn.register>[0])
}

export async function withKey(traits: AuthenticatorTraits = {}, account: Account = alice, all = house()) {
  const key = new Authenticator(traits)
  const { ceremony, options } = await begin(all, account)
  const outcome = await enrol(all, ceremony, key.register(options), { account })
  if (outcome.kind !== 'enrolled') throw new Error(outcome.kind)
  return { all, key, credential: outcome.credential }
}

/** An assertion with these changes, in a fresh ceremony. */
export async function attempt(
  { all, key }: { all: House; key: Authenticator },
  changes: Changes,
  mode: 'challenge' | 'login' = 'challenge'
) {
  const accountId = mode === 'login' ? null : alice.id
  const { ceremony, options } = await ask(all, accountId)
  return answer(all, ceremony, key.assert(options, changes), { accountId })
}

/** Bytes with the lowest bit of one of them changed; negative counts from the end. */
export const flip = (at: number) => (bytes: Buffer) => {
  const changed = Buffer.from(bytes)
  changed[at < 0 ? changed.length + at : at]! ^= 1
  return changed
}
