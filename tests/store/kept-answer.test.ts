/** An answer that is kept for a short time. */
import t from 'tap'
import { KeptAnswer } from '../../src/store/kept-answer.ts'

function counted() {
  let now = 1_000_000
  let asked = 0
  const kept = new KeptAnswer<number>(() => now, 5000)
  return {
    kept,
    get: () => kept.get(async () => ++asked),
    turn: (ms: number) => {
      now += ms
    }
  }
}

t.test(
  'it is asked for again when its time is over, when it is forgotten, and when the clock was put back',
  async t => {
    const { kept, get, turn } = counted()
    t.same(await Promise.all([get(), get()]), [1, 1], 'two at once share one answer')
    turn(5000)
    t.equal(await get(), 1)
    turn(1)
    t.equal(await get(), 2)
    kept.forget()
    t.equal(await get(), 3)
    turn(-5001)
    t.equal(await get(), 4)
  }
)

t.test('a failure is not kept, and an older one does not drop a newer answer', async t => {
  const { kept, get } = counted()
  await t.rejects(
    kept.get(async () => {
      throw new Error('the store is away')
    }),
    { message: 'the store is away' }
  )
  t.equal(await get(), 1)
  kept.forget()
  let fail: (error: Error) => void = () => {}
  const slow = kept.get(() => new Promise((_, reject) => (fail = reject)))
  kept.forget()
  t.equal(await get(), 2)
  fail(new Error('late'))
  await t.rejects(slow, { message: 'late' })
  t.equal(await get(), 2)
})
