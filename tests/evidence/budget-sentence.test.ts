/** A budget in words. */
import t from 'tap'
import type { Budget } from '../../src/budgets/budget.ts'
import { budgetSentence, unusualSentence } from '../../src/evidence/budget-sentence.ts'
import { factorKinds } from '../../src/factor/kinds.ts'

const base: Budget = {
  id: 'b',
  per: 'person',
  app: null,
  windowSeconds: 3600,
  counted: 'bytes',
  direction: 'out',
  amount: 500 * 1024 ** 2,
  steps: ['journal', 'notify', 'slow', 'cut'],
  factors: factorKinds,
  rate: 1024 ** 2,
  isPerProof: false
}

t.test('a budget is a sentence', async t => {
  t.equal(
    budgetSentence(base),
    'Each person may fetch at most 500 MiB of all apps within 1 hour. If it is more, the journal says so; then operators are told; then no more than 1 MiB a second pass; then what runs is cut off, and nothing new begins.'
  )
  t.match(
    budgetSentence({ ...base, per: 'app', direction: 'in', steps: ['cut'] }),
    'Everybody together, for each app, may send at most 500 MiB within 1 hour.'
  )
  t.match(
    budgetSentence({ ...base, per: 'session', app: 'files', direction: 'in' }),
    'Each sign-in may send at most 500 MiB to the app files within'
  )
  t.match(
    budgetSentence({ ...base, counted: 'distinctPaths', amount: 2000, windowSeconds: 86_400, steps: ['step-up'] }),
    /may ask for at most 2000 different pages of all apps within 1 day\. If it is more, what runs waits up to a minute for a passkey or security key or a code of an authenticator app or a recovery code, which/
  )
})

t.test('what is done about unusual use is a sentence for each level that does something', async t => {
  t.equal(
    unusualSentence({ learnSeconds: 14 * 86_400, strange: ['journal', 'notify'], alarming: ['step-up'], extreme: [] }),
    'The gate learns for 14 days what is usual for each person, and compares. If use is strange, the journal says so; then operators are told. If it is alarming, besides this, what runs waits up to a minute for a fresh proof.'
  )
})
