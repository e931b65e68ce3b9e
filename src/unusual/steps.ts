/** The steps that a level may take, which the configuration also reads. */

/** In the order in which they act. */
export const unusualSteps = ['journal', 'notify', 'step-up', 'suspend'] as const
export type UnusualStep = (typeof unusualSteps)[number]

/** `quiet` takes none. */
export const levels = ['quiet', 'strange', 'alarming', 'extreme'] as const
export type Level = (typeof levels)[number]
export type UnusualLevel = Exclude<Level, 'quiet'>

interface Found {
  readonly level: UnusualLevel
  /** True while the watch learns and only reports. */
  readonly isLearning: boolean
  /** True if the level is reached only with led requests. */
  readonly isSpared: boolean
}

export type StepsOfLevels = Readonly<Record<UnusualLevel, readonly UnusualStep[]>>

/**
 * A level takes the steps of the lower ones too. Where the person is spared, a proof is asked instead of a suspension: otherwise forged
 * headers would leave a thief alone. While the watch learns, and for an app that only reports, nobody is stopped.
 */
export function stepsOf(
  { level, isLearning, isSpared }: Found,
  { strange, alarming, extreme }: StepsOfLevels,
  isEnforced: boolean
): UnusualStep[] {
  if (isLearning) return ['journal']
  const given = { strange, alarming: [...strange, ...alarming], extreme: [...strange, ...alarming, ...extreme] }[level]
  const acting = isSpared ? given.map(step => (step === 'suspend' ? 'step-up' : step)) : given
  const isTaken = (step: UnusualStep) =>
    step === 'journal' || (acting.includes(step) && (isEnforced || step === 'notify'))
  return unusualSteps.filter(isTaken)
}

/** True if only led requests have saved the account from a suspension. */
export function sparesSuspension(found: Found, settings: StepsOfLevels, isEnforced: boolean): boolean {
  return found.isSpared && stepsOf({ ...found, isSpared: false }, settings, isEnforced).includes('suspend')
}
