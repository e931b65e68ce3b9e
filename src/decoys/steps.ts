/** The words of decoys, which the configuration also reads. */

/** What a touch may cause, in the order in which it acts. */
export const decoySteps = ['journal', 'notify', 'step-up', 'cut', 'suspend'] as const
export type DecoyStep = (typeof decoySteps)[number]

/** The kinds of files that the gate serves itself. */
export const servedKinds = ['xlsx', 'csv', 'txt', 'html', 'sql', 'json'] as const
export type ServedKind = (typeof servedKinds)[number]

/** What such a file seems to hold. */
export const servedContents = ['passwords', 'people', 'payments'] as const
export type ServedContent = (typeof servedContents)[number]

/** The steps that stop the request. */
export const stoppingSteps: readonly DecoyStep[] = ['step-up', 'cut', 'suspend']

export function isStopping(steps: readonly DecoyStep[]): boolean {
  return stoppingSteps.some(step => steps.includes(step))
}

export const defaultSteps: readonly DecoyStep[] = ['notify', 'suspend']
