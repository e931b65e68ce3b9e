/** Why a step-up at an institution was not enough. */
export type StepUpOutcome = 'somebody_else' | 'no_factor' | 'refused' | 'too_old'
