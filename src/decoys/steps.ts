/** The words of decoys, which the configuration also reads. */

/** In the order in which they act. */
export const decoySteps = ['journal', 'notify', 'step-up', 'cut', 'suspend'] as const
export type DecoyStep = (typeof decoySteps)[number]

export const servedKinds = ['xlsx', 'csv', 'txt', 'html', 'sql', 'json'] as const
export type ServedKind = (typeof servedKinds)[number]

export const servedContents = ['passwords', 'people', 'payments'] as const
export type ServedContent = (typeof servedContents)[number]

export const stoppingSteps: readonly DecoyStep[] = ['step-up', 'cut', 'suspend']

export function isStopping(steps: readonly DecoyStep[]): boolean {
  return stoppingSteps.some(step => steps.includes(step))
}

export const defaultSteps: readonly DecoyStep[] = ['notify', 'suspend']
