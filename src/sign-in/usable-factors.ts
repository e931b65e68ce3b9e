/** The second factors that a person can use now. */
import type { Credential, Credentials } from '../factor/credential.ts'
import type { FactorKind } from '../factor/proof.ts'
import type { RecoveryCodes } from '../factor/recovery-code.ts'
import type { Webauthn } from '../factor/webauthn.ts'
import type { Misfit } from '../factor/webauthn-policy.ts'

export class UsableFactors {
  readonly #credentials: Pick<Credentials, 'list'>
  readonly #recoveryCodes: Pick<RecoveryCodes, 'status'>
  readonly #webauthn: Pick<Webauthn, 'misfitOf'>

  constructor(input: {
    credentials: Pick<Credentials, 'list'>
    recoveryCodes: Pick<RecoveryCodes, 'status'>
    webauthn: Pick<Webauthn, 'misfitOf'>
  }) {
    this.#webauthn = input.webauthn
    this.#credentials = input.credentials
    this.#recoveryCodes = input.recoveryCodes
  }

  /** The last used kind comes first, and the shortest code length of authenticator apps. */
  async of(accountId: string): Promise<{ kinds: FactorKind[]; codeDigits: number[] }> {
    const [enrolled, codes] = await Promise.all([
      this.#credentials.list(accountId),
      this.#recoveryCodes.status(accountId)
    ])
    const usable = enrolled
      .filter(credential => this.isUsable(credential))
      .sort((a, b) => (b.lastUsedAt ?? b.createdAt) - (a.lastUsedAt ?? a.createdAt))
    const kinds: FactorKind[] = [...new Set(usable.map(credential => credential.kind))]
    const digits = usable.flatMap(credential => (credential.kind === 'totp' ? credential.digits : []))
    return {
      kinds: codes !== null && codes.remaining > 0 ? [...kinds, 'recovery'] : kinds,
      codeDigits: [...new Set(digits)].sort((a, b) => a - b)
    }
  }

  isUsable(credential: Credential): boolean {
    return credential.disabledAt === null && this.#webauthn.misfitOf(credential) === null
  }

  /** Why the policy refuses all of their passkeys; null if it takes one, or there are none. */
  async misfit(accountId: string): Promise<Misfit | null> {
    const enrolled = await this.#credentials.list(accountId)
    const passkeys = enrolled.filter(({ kind, disabledAt }) => kind === 'webauthn' && disabledAt === null)
    const reasons = passkeys.map(passkey => this.#webauthn.misfitOf(passkey))
    return reasons.includes(null) ? null : (reasons[0] ?? null)
  }

  async kinds(accountId: string): Promise<FactorKind[]> {
    return (await this.of(accountId)).kinds
  }

  /** True if there are factors, and all are disabled. */
  async areSwitchedOff(accountId: string): Promise<boolean> {
    const enrolled = await this.#credentials.list(accountId)
    return enrolled.length > 0 && enrolled.every(({ disabledAt }) => disabledAt !== null)
  }
}
