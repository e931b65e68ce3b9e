/** The steps of a level, which the configuration also reads. */

/** In the order in which they act. */
export const unusualSteps = ['journal', 'notify', 'step-up', 'suspend'] as const
export type UnusualStep = (typeof unusualSteps)[number]

/** `quiet` takes none. */
export const levels = ['quiet', 'strange', 'alarming', 'extreme'] as const
export type Level = (typeof levels)[number]
export type UnusualLevel = Exclude<Level, 'quiet'>

interface Found {
  readonly level: UnusualLevel
  readonly isLearning: boolean
  /** True if only led requests reach the level. */
  readonly isSpared: boolean
}

export type StepsOfLevels = Readonly<Record<UnusualLevel, readonly UnusualStep[]>>

/**
 * A spared person is asked for a proof, otherwise forged headers would leave a thief alone. Nobody is stopped while the watch learns, or by an app that
 * only reports.
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

export function sparesSuspension(found: Found, settings: StepsOfLevels, isEnforced: boolean): boolean {
  return found.isSpared && stepsOf({ ...found, isSpared: false }, settings, isEnforced).includes('suspend')
}
