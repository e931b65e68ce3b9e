/** The steps that a level may take, which the configuration also reads. */

/** In the order in which they act. */
export const unusualSteps = ['journal', 'notify', 'step-up', 'suspend'] as const
export type UnusualStep = (typeof unusualSteps)[number]

/** `quiet` takes none. */
export const levels = ['quiet', 'strange', 'alarming', 'extreme'] as const
export type Level = (typeof levels)[number]
export type UnusualLevel = Exclude<Level, 'quiet'>

export type StepsOfLevels = Readonly<Record<UnusualLevel, readonly UnusualStep[]>>

/** A level takes the steps of the lower ones too. While the watch learns, and for an app that only reports, nobody is stopped. */
export function stepsOf(
  { level, isLearning }: { readonly level: UnusualLevel; readonly isLearning: boolean },
  { strange, alarming, extreme }: StepsOfLevels,
  isEnforced: boolean
): UnusualStep[] {
  if (isLearning) return ['journal']
  const given = { strange, alarming: [...strange, ...alarming], extreme: [...strange, ...alarming, ...extreme] }[level]
  const isTaken = (step: UnusualStep) =>
    step === 'journal' || (given.includes(step) && (isEnforced || step === 'notify'))
  return unusualSteps.filter(isTaken)
}
