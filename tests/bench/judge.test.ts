import os from 'node:os'
import t from 'tap'
import { judge } from './judge.ts'
import type { Found } from './report.ts'

const atMost = (value: number): Found => ({
  title: 'Something',
  text: 'What it was.',
  bars: [{ what: 'a ratio', value, limit: 1, better: 'less' }]
})

/** Measures these in turn; `stolen` of each is the share of the processors that others had meanwhile. */
function measuring(...those: readonly { value: number; stolen?: number }[]) {
  const left = [...those]
  let stolen = 0
  return {
    left,
    stolenSoFar: () => stolen,
    async measure() {
      const one = left.shift()!
      const begun = performance.now()
      while (performance.now() - begun < 20);
      // Whoever weighs it does so a little later.
      stolen += (one.stolen ?? 0) * os.availableParallelism() * 0.02 * 1.5
      return atMost(one.value)
    }
  }
}

const judged = async (those: ReturnType<typeof measuring>, isThorough = false, until = Number.POSITIVE_INFINITY) => {
  const { found, isLost } = await judge(those.measure, { isThorough, until }, those.stolenSoFar)
  return { value: found.bars[0]!.value, isLost, text: found.text, left: those.left.length }
}

t.test('what is met is measured once', async t => {
  t.same(await judged(measuring({ value: 1 }, { value: 9 })), {
    value: 1,
    isLost: false,
    text: 'What it was.',
    left: 1
  })
})

t.test('what is missed, though not by far, is measured once', async t => {
  t.match(await judged(measuring({ value: 1.5 }, { value: 1 })), { value: 1.5, isLost: false, left: 1 })
})

t.test('what is missed by far counts if it is so each of three times', async t => {
  t.match(await judged(measuring({ value: 3 }, { value: 4 }, { value: 5 }, { value: 1 })), {
    value: 5,
    isLost: true,
    text: /Measured 3 times/,
    left: 1
  })
  t.match(await judged(measuring({ value: 3 }, { value: 1.5 }, { value: 5 })), {
    value: 1.5,
    isLost: false,
    text: /Measured 2 times/,
    left: 1
  })
})

t.test('what is missed by far while others had the processors does not count, and says so', async t => {
  t.match(await judged(measuring({ value: 3 }, { value: 3 }, { value: 3, stolen: 0.4 })), {
    isLost: false,
    text: /\d+ % of the processors' time went to other machines\. Measured 3 times/
  })
  t.match(await judged(measuring({ value: 3, stolen: 0.4 }, { value: 3 }, { value: 3 })), { isLost: false })
})

t.test('a full run measures again what was just missed meanwhile; a quick one does not', async t => {
  const those = () => measuring({ value: 1.5, stolen: 0.4 }, { value: 0.9 })
  t.match(await judged(those(), true), { value: 0.9, left: 0 })
  t.match(await judged(those(), false), { value: 1.5, left: 1 })
  t.match(await judged(measuring({ value: 1.5 }, { value: 0.9 }), true), { value: 1.5, left: 1 })
})

t.test('when the time is up, nothing is measured again', async t => {
  t.match(await judged(measuring({ value: 3 }, { value: 1 }), false, 0), { value: 3, isLost: true, left: 1 })
})
