/** Everything that is good once, raced for on one gate with the embedded store. */
import t from 'tap'
import { House } from '../fixtures/in-process/callers.ts'
import { extra, race } from './races.ts'

t.test('one gate, embedded', async t => {
  const house = await House.start(t, { extra })
  await race(t, house)
})
