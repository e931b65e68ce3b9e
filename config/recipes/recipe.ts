/** A recipe: what to set at the gate and at an app so that the two fit. */
export interface Recipe {
  /** The name of its page, and of its run. */
  readonly id: string
  readonly title: string
  /** Its entry under `apps:`, as YAML. A run replaces `id`, `url` and `upstream` with those of this machine, and nothing else. */
  readonly gate: string
  /** The settings on the app's side, one sentence each; none where it is taken as installed. */
  readonly app: readonly string[]
  /** Where the app stands under a path of a host that others share. Left out: the gate takes the path away, and the app needs nothing. */
  readonly underPath?: {
    /** Whether the app sees the path too: then it stands in `upstream` as well. */
    readonly isKept?: boolean
    /** Variables for the lab's start script; `{path}` is the path. */
    readonly env?: Readonly<Record<string, string>>
    /** What to set, for people. */
    readonly app?: readonly string[]
    /** Checks that cannot pass there, by the beginning of their names. */
    readonly fails?: readonly string[]
  }
  /** What does not work, or what people need to know. */
  readonly note?: string
}

/** An app that was installed and driven through the gate with exactly these lines. */
export interface TestedRecipe extends Recipe {
  /** The folder of the lab app. Several recipes may use one. */
  readonly folder: string
  /** The app as it was installed for the check. */
  readonly installed: string
  /** Variables that make the lab's start script apply those settings. */
  readonly env: Readonly<Record<string, string>>
  /** What the run tries through the gate. */
  readonly tried: string
}

/** An app that was not installed here: its settings are from its own documentation. */
export interface DocumentedRecipe extends Recipe {
  /** The pages that say so. */
  readonly sources: readonly string[]
}
