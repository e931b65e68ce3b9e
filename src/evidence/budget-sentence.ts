/** Budgets and unusual use, in sentences for people who read a policy. */
import type { Budget } from '../budgets/budget.ts'
import { amountInWords, bytesInWords, spanInWords } from '../budgets/sentences.ts'
import type { Scope, Step } from '../budgets/steps.ts'
import { factorWords } from '../policy/policy-text.ts'
import type { UnusualStep } from '../unusual/steps.ts'

const who: Readonly<Record<Scope, string>> = {
  person: 'Each person',
  session: 'Each sign-in',
  token: 'Each token of a program',
  app: 'Everybody together, for each app,',
  everyone: 'Everybody together'
}

/** `Each person may fetch at most 500 MiB from the app files within 1 hour. If more is fetched, the journal says so; …` */
export function budgetSentence(budget: Budget): string {
  const { per, app, counted, direction, amount, windowSeconds, steps } = budget
  const isIn = direction === 'in'
  const verb = counted === 'bytes' ? (isIn ? 'send' : 'fetch') : 'ask for'
  const over =
    app === null
      ? per === 'app'
        ? ''
        : ' of all apps'
      : ` ${isIn && counted === 'bytes' ? 'to' : 'from'} the app ${app}`
  const limit = `${who[per]} may ${verb} at most ${amountInWords(budget, amount)}${over} within ${spanInWords(windowSeconds)}.`
  return `${limit} If it is more, ${steps.map(step => stepText(step, budget)).join('; then ')}.`
}

function stepText(step: Step, { factors, rate }: Budget): string {
  switch (step) {
    case 'journal':
      return 'the journal says so'
    case 'notify':
      return 'operators are told'
    case 'step-up':
      return `what runs waits up to a minute for ${factors.map(kind => factorWords[kind]).join(' or ')}, which allows as much again`
    case 'slow':
      return `no more than ${bytesInWords(rate ?? 0)} a second pass`
    case 'cut':
      return 'what runs is cut off, and nothing new begins'
    case 'suspend':
      return 'the account is suspended until an operator resumes it'
  }
}

/** `watch.unusual` of the configuration. */
export interface UnusualPolicy {
  readonly learnSeconds: number
  readonly strange: readonly UnusualStep[]
  readonly alarming: readonly UnusualStep[]
  readonly extreme: readonly UnusualStep[]
}

const unusualWords: Readonly<Record<UnusualStep, string>> = {
  journal: 'the journal says so',
  notify: 'operators are told',
  'step-up': 'what runs waits up to a minute for a fresh proof',
  suspend: 'the account is suspended until an operator resumes it'
}

/** `The gate learns for 14 days what is usual for each person. If use is strange, the journal says so; …` */
export function unusualSentence({ learnSeconds, strange, alarming, extreme }: UnusualPolicy): string {
  const levels = [
    ['If use is strange', strange],
    ['If it is alarming, besides this', alarming],
    ['If it is extreme, and four kinds of signals agree, besides these', extreme]
  ] as const
  const acts = levels
    .filter(([, steps]) => steps.length > 0)
    .map(([when, steps]) => `${when}, ${steps.map(step => unusualWords[step]).join('; then ')}.`)
  return [
    `The gate learns for ${spanInWords(learnSeconds)} what is usual for each person, and compares.`,
    ...acts
  ].join(' ')
}
