/** ldapts, loaded by the first connection. */
import type { BerReader, Control } from 'ldapts'

export type { Client, Entry as RawEntry, Filter } from 'ldapts'
export type Ldapts = typeof import('ldapts')

let loading: Promise<Ldapts> | undefined

export function loadDriver(): Promise<Ldapts> {
  loading ??= import('ldapts')
  return loading
}

/** Beside a bind's result (draft-behera-ldap-password-policy-11 §6.2). */
export type PolicyError = 'expired' | 'locked' | 'must_change' | 'other'

const policyErrors: Readonly<Record<number, PolicyError>> = { 0: 'expired', 1: 'locked', 2: 'must_change' }
const policyOid = '1.3.6.1.4.1.42.2.27.8.5.1'

/** `error()` is the server's answer; null for none. */
export function policyControl({ Control }: Ldapts): { readonly control: Control; error(): PolicyError | null } {
  let error: PolicyError | null = null
  class PolicyControl extends Control {
    protected override parseControl(reader: BerReader): void {
      error = readPolicy(reader)
    }
  }
  return { control: new PolicyControl(policyOid), error: () => error }
}

/** `SEQUENCE { warning [0] CHOICE …, error [1] ENUMERATED }`, both optional. */
function readPolicy(reader: BerReader): PolicyError | null {
  if (reader.readSequence() === null) return null
  const end = reader.offset + reader.length
  let error: PolicyError | null = null
  while (reader.offset < end) {
    const tag = reader.peek()
    const value = tag === null ? null : reader.readString(tag, true)
    if (value === null) return error
    if (tag === 0x81) error = policyErrors[value[0] ?? -1] ?? 'other'
  }
  return error
}
