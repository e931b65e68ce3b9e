/** The challenge page: the form of the last used factor, and the others below it. */
import type { JSX } from 'preact'
import type { FactorKind } from '../../src/factor/proof.ts'
import { type Frame, Notice, Page, Said, Token } from './layout.tsx'
import { PasskeyButton } from './passkey-button.tsx'
import { clockTime } from './relative-time.ts'
import { type ReturnTo, withReturnTo } from './return-to.ts'

export interface ChallengeProblem {
  readonly factor: FactorKind
  readonly sentence: string
  /** The gate's time, if a wrong clock may be the cause. */
  readonly clock: number | null
  readonly waitSeconds: number | null
}

export interface ChallengeView {
  readonly returnTo: ReturnTo
  readonly isStepUp: boolean
  readonly why: string | null
  readonly misfit?: string | null
  /** In the order of the page; empty only with an institution. */
  readonly factors: readonly FactorKind[]
  /** The code lengths of the person's apps, shortest first. */
  readonly codeDigits: readonly number[]
  readonly problem: ChallengeProblem | null
  readonly institution?: { readonly id: string; readonly title: string } | null
  /** The person has no factor of the gate, and may ask for approval. */
  readonly mayAsk?: boolean
  /** The person has no factor of the gate, and may add the first one now. */
  readonly mayEnrol?: boolean
  readonly notice?: { readonly sentence: string; readonly isAlert: boolean } | null
}

export function ChallengePage({ frame, view }: { frame: Frame; view: ChallengeView }) {
  const say = frame.say.challenge
  const [first, ...others] = view.factors
  return (
    <Page frame={frame} title={view.isStepUp ? say.stepUpTitle : say.title} drawing="ajar">
      {view.why !== null && (
        <p>
          <Said text={view.why} />
        </p>
      )}
      {view.misfit != null && <Notice>{view.misfit}</Notice>}
      {view.notice != null && (
        <Notice alert={view.notice.isAlert}>
          <Said text={view.notice.sentence} />
        </Notice>
      )}
      {first !== undefined && <FactorForm frame={frame} view={view} kind={first} isFirst />}
      {view.institution != null && (
        <a
          class={first === undefined ? 'button' : 'button second'}
          href={withReturnTo(`/.factorgate/login/${view.institution.id}`, view.returnTo, { for: 'challenge' })}
        >
          <Said text={say.confirmAt({ place: view.institution.title })} />
        </a>
      )}
      {first === undefined && !view.mayAsk && !view.mayEnrol && <p class="soft">{say.noneNow}</p>}
      {view.mayEnrol && (
        <p>
          <a href={withReturnTo('/.factorgate/enrol', view.returnTo)}>{say.addFactor}</a>
        </p>
      )}
      {view.mayAsk && (
        <p>
          <a href={withReturnTo('/.factorgate/sponsor/ask', view.returnTo)}>{frame.say.sponsor.askInstead}</a>
        </p>
      )}
      {others.length > 0 && (
        <div>
          {others.map(kind => (
            <details key={kind}>
              <summary>{say.instead[kind]}</summary>
              <FactorForm frame={frame} view={view} kind={kind} isFirst={false} />
            </details>
          ))}
        </div>
      )}
    </Page>
  )
}

interface FactorFormProps {
  frame: Frame
  view: ChallengeView
  kind: FactorKind
  isFirst: boolean
}

const forms: Readonly<Record<FactorKind, (props: FactorFormProps) => JSX.Element>> = {
  webauthn: PasskeyChallenge,
  totp: TotpChallenge,
  recovery: RecoveryChallenge
}

function FactorForm(props: FactorFormProps) {
  const Form = forms[props.kind]
  return <Form {...props} />
}

function PasskeyChallenge({ frame, view, kind, isFirst }: FactorFormProps) {
  const say = frame.say.challenge
  return (
    <div class="fields">
      {view.problem?.factor === kind && <ProblemNotice frame={frame} problem={view.problem} />}
      <p class="soft scripted" data-passkey-only="">
        {say.passkeyLead}
      </p>
      <PasskeyButton
        frame={frame}
        returnTo={view.returnTo}
        purpose="challenge"
        label={say.passkey}
        second={!isFirst}
        autofocus={isFirst}
      />
      <p class="notice unscripted">
        {say.noScript} {view.factors.length > 1 ? say.noScriptInstead : say.noScriptOnly}
      </p>
    </div>
  )
}

/** Screen readers read it at once. */
function ProblemNotice({ frame, problem }: { frame: Frame; problem: ChallengeProblem }) {
  const { say } = frame
  return (
    <>
      <Notice id={`problem-${problem.factor}`} alert waitSeconds={problem.waitSeconds} ready={say.login.ready}>
        {problem.sentence}
      </Notice>
      {problem.clock !== null && <p class="soft">{say.challenge.clock({ time: clockTime(problem.clock, say) })}</p>}
    </>
  )
}

function TotpChallenge({ frame, view, isFirst }: FactorFormProps) {
  const say = frame.say.challenge
  const problem = view.problem?.factor === 'totp' ? view.problem : null
  return (
    <form class="fields" method="post" action={withReturnTo('/.factorgate/challenge/totp', view.returnTo)}>
      <Token frame={frame} />
      {problem !== null && <ProblemNotice frame={frame} problem={problem} />}
      <div>
        <label for="code-totp">{say.codeLabel}</label>
        <p class="soft" id="hint-totp">
          {say.codeHint({ digits: frame.say.formats.anyOf(view.codeDigits.map(String)) })}
        </p>
        <CodeField
          id="code-totp"
          digits={Math.max(...view.codeDigits)}
          submits
          autofocus={isFirst}
          problemId={problem === null ? undefined : 'problem-totp'}
          hintId="hint-totp"
        />
      </div>
      <button type="submit" class={isFirst ? undefined : 'second'}>
        {say.submit}
      </button>
    </form>
  )
}

interface CodeFieldProps {
  id: string
  digits: number
  /** Sends the form at the longest code. */
  submits?: boolean
  autofocus?: boolean
  problemId?: string | undefined
  hintId?: string
}

/** It has room for the separators that phones paste. */
export function CodeField({ id, digits, submits, autofocus, problemId, hintId }: CodeFieldProps) {
  const described = [problemId, hintId].filter(Boolean).join(' ')
  return (
    <input
      class="code"
      id={id}
      name="code"
      inputMode="numeric"
      autocomplete="one-time-code"
      maxLength={64}
      data-digits={digits}
      data-sends={submits ? '' : undefined}
      required
      autofocus={autofocus}
      aria-invalid={problemId === undefined ? undefined : true}
      aria-describedby={described === '' ? undefined : described}
    />
  )
}

function RecoveryChallenge({ frame, view, isFirst }: FactorFormProps) {
  const say = frame.say.challenge
  const problem = view.problem?.factor === 'recovery' ? view.problem : null
  return (
    <form class="fields" method="post" action={withReturnTo('/.factorgate/challenge/recovery', view.returnTo)}>
      <Token frame={frame} />
      {problem !== null && <ProblemNotice frame={frame} problem={problem} />}
      <div>
        <label for="code-recovery">{say.recoveryLabel}</label>
        <p class="soft" id="hint-recovery">
          {say.recoveryHint}
        </p>
        <input
          class="secret"
          id="code-recovery"
          name="code"
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          maxLength={128}
          required
          autofocus={isFirst}
          aria-invalid={problem === null ? undefined : true}
          aria-describedby={problem === null ? 'hint-recovery' : 'problem-recovery hint-recovery'}
        />
      </div>
      <button type="submit" class={isFirst ? undefined : 'second'}>
        {say.submit}
      </button>
    </form>
  )
}

/** A page for people whose factors cannot help here. */
export function DeadEndPage({ frame, title, what, now, href, action, returnTo }: DeadEnd & { frame: Frame }) {
  const say = frame.say.challenge
  return (
    <Page frame={frame} title={title} drawing="shut">
      <p>
        <Said text={what} />
      </p>
      <p>{now}</p>
      {href !== null && (
        <a class="button" href={href}>
          {action ?? say.addFactor}
        </a>
      )}
      {returnTo && (
        <p class="soft">
          <a href={withReturnTo('/.factorgate/login', returnTo, { switch: '1' })}>{say.somebodyElse}</a>
        </p>
      )}
    </Page>
  )
}

export interface DeadEnd {
  title: string
  what: string
  now: string
  href: string | null
  action?: string
  /** For another account. */
  returnTo?: ReturnTo
}
