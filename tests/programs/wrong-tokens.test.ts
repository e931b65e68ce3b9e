/** The limit on wrong tokens, by itself: a flood from many networks, and who is delayed by it. */
import t from 'tap'
import { WrongTokens } from '../../src/programs/wrong-tokens.ts'

t.test('a flood from many networks delays strangers alone', async t => {
  const wrong = new WrongTokens()
  const now = 1_000_000
  const lab = '192.0.2.7'
  t.ok(wrong.take(lab, now))
  wrong.giveBack(lab)
  const flood = () => {
    let looked = 0
    for (let i = 0; i < 5_000; i++) if (wrong.take(`10.0.${i >> 8}.${i & 255}`, now)) looked++
    return looked
  }
  t.equal(flood(), 500, 'of all together so many are looked up')
  t.notOk(wrong.take('198.51.100.1', now), 'a network that nobody knows waits')
  let own = 0
  while (own < 100 && wrong.take(lab, now)) own++
  t.equal(own, 20, 'one that a right token came from has its own share')
  t.ok(wrong.take('198.51.100.1', now + 20), 'and the others have room again soon')
})
