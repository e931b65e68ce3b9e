/**
 * The kinds of second factors, in the order of lists. Rules, records, assertions, commands and pages derive from this table: an omitted
 * kind does not compile.
 */

interface KindOfFactor {
  /** The title in the configuration's reference. */
  readonly title: string
  /** RFC 8176 §2. */
  readonly amr: readonly string[]
  /** A form, or a ceremony with a script. */
  readonly shownAs: 'code' | 'ceremony'
  /** The kind has credentials (`credential.ts`). */
  readonly isEnrolled: boolean
}

export const factorTable = {
  webauthn: { title: 'passkey, security key', amr: ['pop'], shownAs: 'ceremony', isEnrolled: true },
  totp: { title: 'code', amr: ['otp'], shownAs: 'code', isEnrolled: true },
  recovery: { title: 'recovery code', amr: ['otp'], shownAs: 'code', isEnrolled: false }
} as const satisfies Record<string, KindOfFactor>

type Table = typeof factorTable
type KindWith<Row extends Partial<KindOfFactor>> = {
  [Kind in keyof Table]: Table[Kind] extends Row ? Kind : never
}[keyof Table]

export type FactorKind = keyof Table
export type CodeKind = KindWith<{ shownAs: 'code' }>
export type CredentialKind = KindWith<{ isEnrolled: true }>

export const factorKinds: readonly FactorKind[] = Object.keys(factorTable) as FactorKind[]
export const codeKinds = factorKinds.filter((kind): kind is CodeKind => factorTable[kind].shownAs === 'code')
export const credentialKinds = factorKinds.filter((kind): kind is CredentialKind => factorTable[kind].isEnrolled)
