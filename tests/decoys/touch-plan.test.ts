/** What follows from a touch: the same plan for the watch, which acts on it, and for `explain`, which says it. */
import t from 'tap'
import { defaultSteps } from '../../src/decoys/steps.ts'
import { judgeTouch, type TouchFacts } from '../../src/decoys/touch.ts'
import { planFor, refusesUnreadable } from '../../src/decoys/touch-plan.ts'

const touched = (more: Partial<TouchFacts> = {}) =>
  judgeTouch({
    signedIn: 'fully',
    led: null,
    isReportOnly: false,
    steps: defaultSteps,
    isJustProved: false,
    isLinked: false,
    ...more
  })

t.test('each step of somebody who is signed in, with and without a file', t => {
  const plan = (steps: TouchFacts['steps'], serves = false) => planFor(touched({ steps }), serves, 'person')
  t.same(plan(['suspend', 'cut']), { deed: 'suspend', refusal: 'account_suspended', givesFile: false })
  t.same(plan(['cut', 'step-up']), { deed: 'cut', refusal: 'not_allowed', givesFile: false })
  t.same(plan(['step-up']), { deed: 'ask', refusal: null, givesFile: false })
  t.same(plan(['notify']), { deed: null, refusal: null, givesFile: false })
  t.same(plan(['suspend'], true), { deed: 'suspend', refusal: 'account_suspended', givesFile: true })
  t.same(plan(['step-up'], true), { deed: 'ask', refusal: null, givesFile: false }, 'no file before the proof')
  t.end()
})

t.test('a program loses its token, because it can show no proof', t => {
  for (const steps of [['cut'], ['step-up']] as const)
    t.same(planFor(touched({ steps }), false, 'program'), { deed: 'revoke', refusal: 'not_allowed', givesFile: false })
  t.equal(planFor(touched(), false, 'program').deed, 'suspend')
  t.end()
})

t.test('nothing is done to strangers, to people who were led, and to those who are exempt', t => {
  const nothing = { deed: null, refusal: null, givesFile: true }
  for (const more of [{ signedIn: 'nobody' }, { signedIn: 'half' }, { isReportOnly: true }] as const)
    t.same(planFor(touched(more), true, 'person'), nothing)
  t.same(planFor(null, true, 'person'), nothing)
  const led = planFor(touched({ led: 'other_site' }), true, 'person')
  t.same(led, { deed: null, refusal: 'not_allowed', givesFile: false })
  t.same(
    [refusesUnreadable(false, false), refusesUnreadable(true, false), refusesUnreadable(false, true)],
    [true, false, false]
  )
  t.end()
})
