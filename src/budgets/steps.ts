/** The words of a budget, which the configuration also reads. */

export const scopes = ['person', 'session', 'token', 'app', 'everyone'] as const
export type Scope = (typeof scopes)[number]

/** In the order in which they act. */
export const steps = ['journal', 'notify', 'step-up', 'slow', 'cut', 'suspend'] as const
export type Step = (typeof steps)[number]

export type Counted = 'bytes' | 'requests' | 'distinctPaths'
