/** A budget as a sentence for people who read a policy. */
import type { Budget } from '../budgets/budget.ts'
import { amountInWords, bytesInWords, spanInWords } from '../budgets/sentences.ts'
import type { Scope, Step } from '../budgets/steps.ts'
import { factorWords } from '../policy/policy-text.ts'

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
