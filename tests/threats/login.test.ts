/** THREATS A4: signing in, the second factor, and everything that promises a way around it, against one running gate. */
import t from 'tap'
import { House } from './house.ts'
import { doorRows } from './login-doors.ts'
import { guessRows } from './login-guesses.ts'
import { stepRows } from './login-steps.ts'
import { tryAll } from './table.ts'

t.test('A4 login, second factor, TOTP', async t => {
  const house = await House.start(t, { extra: 'session: { maxPerUser: 500 }' })
  // The last of them searches what all the others have left behind.
  await tryAll(t, [...stepRows(house), ...guessRows(house), ...doorRows(house)])
})
