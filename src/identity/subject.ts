/**
 * A person as rules and apps see them. `name` is the canonical sign-in name, and `originalName` the one before all renames (absent: the same).
 * `id` never changes and is never reused.
 */
export interface Subject {
  readonly id: string
  readonly name: string
  readonly originalName?: string
  readonly displayName: string
  readonly email: string | null
  readonly groups: readonly string[]
}
