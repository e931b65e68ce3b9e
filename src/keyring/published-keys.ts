/** Public keys that verify assertions, for a while also retired ones. */
import type { Keyring, PublicJwk } from './keyring.ts'

export class PublishedKeys {
  readonly #tokenSeconds: number
  #current: readonly PublicJwk[]
  #retired: readonly { readonly key: PublicJwk; readonly until: number }[] = []

  /** `tokenSeconds`: the life of a retired key's signatures. */
  constructor(keyring: Keyring, tokenSeconds: number) {
    this.#current = keyring.publicJwks.keys
    this.#tokenSeconds = tokenSeconds
  }

  replace(keyring: Keyring, now: number): void {
    const next = keyring.publicJwks.keys
    const isGone = ({ kid }: PublicJwk) => !next.some(key => key.kid === kid)
    const until = now + this.#tokenSeconds * 1000
    this.#retired = [
      ...this.#retired.filter(({ key, until }) => isGone(key) && until > now),
      ...this.#current.filter(isGone).map(key => ({ key, until }))
    ]
    this.#current = next
  }

  /** The key that signs comes first (RFC 7517 §5). */
  at(now: number): { readonly keys: readonly PublicJwk[] } {
    const retired = this.#retired.filter(({ until }) => until > now).map(({ key }) => key)
    return { keys: [...this.#current, ...retired] }
  }
}
