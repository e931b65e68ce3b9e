/** The use-cases of a sign-in, composed. */
import type { AuditSink } from '../audit/event.ts'
import { Challenge } from './challenge.ts'
import { Completion } from './completion.ts'
import { Enrolment, type EnrolmentOptions } from './enrolment.ts'
import { EnrolmentGrants, type EnrolmentGrantsOptions } from './enrolment-grant.ts'
import { FactorChange } from './factor-change.ts'
import { FirstFactor, type FirstFactorOptions } from './first-factor.ts'
import { HandOver } from './hand-over.ts'
import { InstitutionLogin, type InstitutionLoginOptions } from './institution-login.ts'
import { Invitation, type InvitationOptions } from './invitation.ts'
import { SignInJournal } from './journal.ts'
import { NextStep, type NextStepOptions, type RequirementFor } from './next-step.ts'
import { PasswordChange, type PasswordChangeOptions } from './password-change.ts'
import { PasswordReset, type PasswordResetOptions } from './password-reset.ts'
import { ProgramAccess } from './program-access.ts'
import { Recovery } from './recovery.ts'
import { SecondFactor, type SecondFactorOptions } from './second-factor.ts'
import { SignOut } from './sign-out.ts'
import { Sponsorship, type SponsorshipOptions } from './sponsorship.ts'
import { UpstreamLoginAccess } from './upstream-login-access.ts'
import { UsableFactors } from './usable-factors.ts'

/** Parts that are made here; all others are services. */
type Made =
  | 'challenge'
  | 'completion'
  | 'factors'
  | 'firstFactor'
  | 'grants'
  | 'journal'
  | 'nextStep'
  | 'portalOrigin'
  | 'recovery'
  | 'requirementFor'
  | 'signOut'

export type SignInServices = Omit<FirstFactorOptions, Made> &
  Omit<SecondFactorOptions, Made> &
  Omit<InstitutionLoginOptions, Made> &
  Omit<InvitationOptions, Made> &
  Omit<EnrolmentOptions, Made> &
  EnrolmentGrantsOptions &
  Omit<SponsorshipOptions, Made> &
  Omit<PasswordChangeOptions, Made> &
  Omit<PasswordResetOptions, Made> &
  Omit<NextStepOptions, Made> &
  ConstructorParameters<typeof UsableFactors>[0] &
  Omit<ConstructorParameters<typeof Challenge>[0], Made> &
  Omit<ConstructorParameters<typeof Completion>[0], Made> &
  Omit<ConstructorParameters<typeof Recovery>[0], Made> &
  Omit<ConstructorParameters<typeof SignOut>[0], Made> &
  Omit<ConstructorParameters<typeof ProgramAccess>[0], Made> &
  Omit<ConstructorParameters<typeof UpstreamLoginAccess>[0], Made> &
  Omit<ConstructorParameters<typeof FactorChange>[0], Made> &
  ConstructorParameters<typeof HandOver>[0]

interface SignInOptions {
  readonly services: SignInServices
  readonly audit: AuditSink
  readonly portalOrigin: string
  readonly requirementFor: RequirementFor
}

export interface SignIn {
  readonly firstFactor: FirstFactor
  readonly institutionLogin: InstitutionLogin
  readonly challenge: Challenge
  readonly secondFactor: SecondFactor
  readonly invitation: Invitation
  readonly enrolment: Enrolment
  readonly recovery: Recovery
  readonly programAccess: ProgramAccess
  readonly upstreamLoginAccess: UpstreamLoginAccess
  readonly sponsorship: Sponsorship
  readonly passwordChange: PasswordChange
  readonly passwordReset: PasswordReset
  readonly signOut: SignOut
  readonly nextStep: NextStep
  readonly handOver: HandOver
  readonly factors: UsableFactors
  readonly factorChange: FactorChange
}

export function makeSignIn({ services, audit, portalOrigin, requirementFor }: SignInOptions): SignIn {
  const journal = new SignInJournal(audit)
  const factors = new UsableFactors(services)
  const grants = new EnrolmentGrants(services)
  const nextStep = new NextStep({ ...services, portalOrigin, requirementFor, factors, grants })
  const signOut = new SignOut({ ...services, journal })
  const completion = new Completion({ ...services, signOut, journal })
  const challenge = new Challenge({ ...services, nextStep, factors })
  const recovery = new Recovery({ ...services, journal })
  const shared = { ...services, journal, factors, nextStep, completion }
  const firstFactor = new FirstFactor(shared)
  return {
    firstFactor,
    institutionLogin: new InstitutionLogin({ ...shared, firstFactor }),
    challenge,
    secondFactor: new SecondFactor({ ...shared, challenge }),
    invitation: new Invitation(shared),
    enrolment: new Enrolment({ ...shared, recovery, grants }),
    recovery,
    programAccess: new ProgramAccess(shared),
    upstreamLoginAccess: new UpstreamLoginAccess(shared),
    sponsorship: new Sponsorship(shared),
    passwordChange: new PasswordChange({ ...shared, signOut }),
    passwordReset: new PasswordReset({ ...shared, signOut }),
    signOut,
    nextStep,
    handOver: new HandOver(services),
    factors,
    factorChange: new FactorChange(shared)
  }
}
