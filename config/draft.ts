/** A configuration in which anything may still be missing, because a problem already stands for it. Owns that type alone. */
import type { SiteUrl, Upstream } from './addresses.ts'
import type { Config } from './schema.ts'
import type { StoreTarget } from './store-url.ts'

/** Values that are there as a whole or not at all. */
type Whole = SiteUrl | Upstream | StoreTarget

export type Draft<T> = T extends Whole | string | number | boolean | null | undefined
  ? T | undefined
  : T extends readonly (infer U)[]
    ? readonly Draft<U>[] | undefined
    : { [K in keyof T]?: Draft<T[K]> } | undefined

export type DraftConfig = NonNullable<Draft<Config>>
export type DraftApp = NonNullable<Draft<Config['apps'][number]>>
export type DraftRule = NonNullable<Draft<Config['apps'][number]['rules'][number]>>
