/** A recipe: the matching settings of the gate and an app. */
export interface Recipe {
  readonly id: string
  readonly title: string
  /** Its entry under `apps:`, as YAML. A run replaces only `id`, `url` and `upstream`. */
  readonly gate: string
  /** The settings of the app, one sentence each. */
  readonly app: readonly string[]
  /** Settings for a path of a shared host. Without them, the gate removes the path, and the app needs nothing. */
  readonly underPath?: {
    /** True if the app sees the path, which is then in `upstream` too. */
    readonly isKept?: boolean
    /** Variables for the lab's start script; `{path}` is the path. */
    readonly env?: Readonly<Record<string, string>>
    readonly app?: readonly string[]
    /** The beginnings of names of checks that cannot pass there. */
    readonly fails?: readonly string[]
  }
  readonly note?: string
}

/** An app that was installed and tested behind the gate with exactly these lines. */
export interface TestedRecipe extends Recipe {
  /** The folder of the lab app, which several recipes may share. */
  readonly folder: string
  readonly installed: string
  /** Variables by which the lab's start script applies those settings. */
  readonly env: Readonly<Record<string, string>>
  readonly tried: string
}

/** An app that was not installed here. */
export interface DocumentedRecipe extends Recipe {
  readonly sources: readonly string[]
}
