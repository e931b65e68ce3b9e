/** The races of races.ts on one gate with the embedded store. */
import t from 'tap'
import { Fixture } from '../fixtures/in-process/callers.ts'
import { extra, race } from './races.ts'

t.test('one gate, embedded', async t => {
  const fixture = await Fixture.start(t, { extra })
  await race(t, fixture)
})
