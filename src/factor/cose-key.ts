/**
 * What kind of key an algorithm signs with. Owns that one table; refuses a key that says one thing and is another, which some later
 * reader could take for either (WebAuthn L3 §5.8.5).
 */

/** Labels of a COSE_Key (RFC 9052 §7.1, RFC 9053 §7). */
const label = { kty: 1, alg: 3, crv: -1 } as const
const kty = { OKP: 1, EC2: 2, RSA: 3 } as const

/** Algorithm → key type and, where there is one, the curve. */
const kinds: ReadonlyMap<unknown, { readonly kty: number; readonly crv?: number }> = new Map([
  [-8, { kty: kty.OKP, crv: 6 }],
  [-7, { kty: kty.EC2, crv: 1 }],
  [-35, { kty: kty.EC2, crv: 2 }],
  [-36, { kty: kty.EC2, crv: 3 }],
  [-257, { kty: kty.RSA }]
])

/** True where the key is of the type and on the curve that its algorithm wants; false for algorithms we do not offer. */
export function fitsItsAlgorithm(key: { get(label: number): unknown }): boolean {
  const kind = kinds.get(key.get(label.alg))
  return (
    kind !== undefined && key.get(label.kty) === kind.kty && (kind.crv === undefined || key.get(label.crv) === kind.crv)
  )
}
