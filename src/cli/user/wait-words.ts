/** Waits after wrong tries, in words. */
import type { Lock } from '../../throttle/attempt-locks.ts'
import type { BucketKind } from '../../throttle/limits.ts'

const kinds: Readonly<Record<BucketKind, string>> = {
  account: 'password, from known places',
  factor: 'second factor, from known places',
  factor_unknown_network: 'second factor, from one unknown network',
  factor_unknown_total: 'second factor, from all unknown networks',
  password_unknown_network: 'passwords, from one unknown network',
  password_unknown_total: 'passwords, from all unknown networks',
  address: 'everybody at this address',
  customer: 'everybody in this network of a customer',
  site: 'everybody in this network of a site',
  provider: 'everybody in this network of a provider',
  known_network: 'everybody at this known address',
  passkey: 'one passkey, from one network',
  answer_network: 'answers of institutions, from this network',
  answer_provider: 'answers of institutions, from this network of a provider'
}

/** A wait as in JSON. `what`: whom and what it holds back, in words. */
export function waitOf({ kind, failures, until }: Lock) {
  return { kind, what: kinds[kind], failures, until: new Date(until).toISOString() }
}
