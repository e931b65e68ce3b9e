/** The check that a COSE key fits its algorithm (WebAuthn L3 §5.8.5). */

/** RFC 9052 §7.1, RFC 9053 §7. */
const label = { kty: 1, alg: 3, crv: -1 } as const
const kty = { OKP: 1, EC2: 2, RSA: 3 } as const

/** Algorithm to key type and curve. */
const kinds: ReadonlyMap<unknown, { readonly kty: number; readonly crv?: number }> = new Map([
  [-8, { kty: kty.OKP, crv: 6 }],
  [-7, { kty: kty.EC2, crv: 1 }],
  [-35, { kty: kty.EC2, crv: 2 }],
  [-36, { kty: kty.EC2, crv: 3 }],
  [-257, { kty: kty.RSA }]
])

/** False also for algorithms that are not offered. */
export function fitsItsAlgorithm(key: { get(label: number): unknown }): boolean {
  const kind = kinds.get(key.get(label.alg))
  return (
    kind !== undefined && key.get(label.kty) === kind.kty && (kind.crv === undefined || key.get(label.crv) === kind.crv)
  )
}
