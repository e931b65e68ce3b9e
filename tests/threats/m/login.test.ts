/** The rows M of docs/THREATS.md: sign-in, the second factor, and attempts to bypass it, against a running gate (../stores.ts). */
import t from 'tap'
import { onBothStores } from '../stores.ts'
import { doorRows } from './login-doors.ts'
import { guessRows } from './login-guesses.ts'
import { stepRows } from './login-steps.ts'

t.test('login, second factor, TOTP', { timeout: 280_000 }, async t => {
  // The last of them searches what all the others have left behind.
  await onBothStores(t, { extra: 'session: { maxPerUser: 500 }' }, fixture => [
    ...stepRows(fixture),
    ...guessRows(fixture),
    ...doorRows(fixture)
  ])
})
