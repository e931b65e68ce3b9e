/** A subject as rules and upstreams see it. `name` is the sign-in name, canonical; `id` never changes and is never reused. */
export interface Subject {
  readonly id: string
  readonly name: string
  readonly displayName: string
  readonly email: string | null
  readonly groups: readonly string[]
}
