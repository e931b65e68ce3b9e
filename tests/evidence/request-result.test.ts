/** What a request of the journal counts as in the evidence. */
import t from 'tap'
import { meaningOf, resultOf } from '../../src/evidence/request-result.ts'

t.test('answers to what people type are pages of the gate, and turn nobody away', t => {
  for (const code of ['wrong_credentials', 'wrong_code', 'too_many_attempts', 'form_expired', 'not_accepted'])
    t.equal(meaningOf(code), 'own', code)
  t.equal(meaningOf('account_suspended'), 'refused')
  t.equal(meaningOf('a_code_of_a_newer_release'), 'refused')
  t.equal(meaningOf('store_unreachable'), 'failed')
  t.equal(meaningOf('second_factor_required'), 'asked')
  t.end()
})

t.test('a page with a form that is shown again is as one without a code', t => {
  const entry = { kind: 'exchange', at: '2026-11-29T00:00:00.000Z' }
  t.equal(resultOf({ ...entry }), 'own')
  t.equal(resultOf({ ...entry, outcome: 'not_accepted' }), 'own')
  t.end()
})
