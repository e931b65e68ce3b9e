/** A recipe: what to set at the gate and at an app so that the two fit. */
export interface Recipe {
  readonly id: string
  readonly title: string
  /** Its entry under `apps:`, as YAML. A run replaces only `id`, `url` and `upstream`. */
  readonly gate: string
  /** The settings on the app's side, one sentence each; none where it is taken as installed. */
  readonly app: readonly string[]
  /** For an app under a path of a shared host. Left out: the gate removes the path, and the app needs nothing. */
  readonly underPath?: {
    /** True where the app sees the path, which is then in `upstream` too. */
    readonly isKept?: boolean
    /** Variables for the lab's start script; `{path}` is the path. */
    readonly env?: Readonly<Record<string, string>>
    readonly app?: readonly string[]
    /** Checks that cannot pass there, by the beginning of their names. */
    readonly fails?: readonly string[]
  }
  readonly note?: string
}

/** An app that was installed and driven through the gate with exactly these lines. */
export interface TestedRecipe extends Recipe {
  /** The folder of the lab app. Several recipes may use one. */
  readonly folder: string
  readonly installed: string
  /** Variables that make the lab's start script apply those settings. */
  readonly env: Readonly<Record<string, string>>
  readonly tried: string
}

/** An app that was not installed here: its settings are from its own documentation. */
export interface DocumentedRecipe extends Recipe {
  readonly sources: readonly string[]
}
