import t from 'tap'
import { judge } from './judge.ts'
import type { Bar, Found } from './report.ts'

interface Time {
  /** The value of a bar with the limit 1. */
  readonly ratio: number
  /** The value of a second bar. */
  readonly other?: number
  /** The value of a bar with the limit 0. */
  readonly refused?: number
  /** Percent of stolen processor time. */
  readonly stolen?: number
}

const foundIn = ({ ratio, other, refused }: Time): Found => {
  const bars: Bar[] = [{ what: 'a ratio', value: ratio, limit: 1, better: 'less' }]
  if (other !== undefined) bars.push({ what: 'another', value: other, limit: 1, better: 'less' })
  if (refused !== undefined) bars.push({ what: 'refused', value: refused, limit: 0, better: 'less', isCounted: true })
  return { title: 'Something', text: 'What it was.', bars }
}

/** Judges these results, one for each try of 10 s. */
async function judged(times: readonly Time[], { isThorough = false, until = 1e9 } = {}) {
  let done = 0
  const processors = { stolen: 1_000, all: 50_000 }
  const { found, isLost } = await judge(
    async () => {
      const time = times[done++]!
      processors.stolen += 20 * (time.stolen ?? 0)
      processors.all += 2_000
      return foundIn(time)
    },
    { isThorough, until },
    { now: () => done * 10_000, processors: () => ({ ...processors }) }
  )
  return { ratio: found.bars[0]!.value, text: found.text, isLost, times: done }
}

const once = 'What it was.'

t.test('a bar that is met, or missed by less than a factor of two, is measured once and has no note', async t => {
  t.same(await judged([{ ratio: 1 }]), { ratio: 1, text: once, isLost: false, times: 1 })
  t.same(await judged([{ ratio: 1.9, other: 1 }]), { ratio: 1.9, text: once, isLost: false, times: 1 })
})

t.test('a bar that is missed by far in each of three tries is lost', async t => {
  t.match(await judged([{ ratio: 3, other: 1 }, { ratio: 4 }, { ratio: 5 }]), { ratio: 5, isLost: true, times: 3 })
  t.match(await judged([{ ratio: 3 }, { ratio: 1.5 }]), { ratio: 1.5, isLost: false, times: 2 })
})

t.test('the text has the earlier results', async t => {
  const { text } = await judged([
    { ratio: 3, other: 0.5 },
    { ratio: 2.5, other: 1.2 },
    { ratio: 1, stolen: 40 }
  ])
  t.equal(
    text,
    `${once}\n\n40 % of the processors' time went to other machines. Measured 3 times, this is the last. Missed before: a ratio: 3.00; a ratio: 2.50; another: 1.20.`
  )
})

t.test('a bar must be missed in every try; another bar does not count for it', async t => {
  t.match(
    await judged([
      { ratio: 3, other: 1 },
      { ratio: 1, other: 3 },
      { ratio: 1, other: 3 }
    ]),
    { isLost: false, times: 3 }
  )
})

t.test('with stolen time in each try, a bar is lost only by a greater miss', async t => {
  const three = (ratio: number, ...stolen: readonly number[]) => judged(stolen.map(each => ({ ratio, stolen: each })))
  t.match(await three(3, 1, 5, 40), { isLost: false, times: 3 })
  t.match(await three(5, 1, 5, 40), { isLost: true, times: 3 })
  t.match(await three(3, 40, 0.9, 5), { isLost: true, times: 3 }, 'one try without stolen time is enough')
})

t.test('a count is lost at once, also with stolen time', async t => {
  t.match(await judged([{ ratio: 1, refused: 1, stolen: 40 }]), { isLost: true, times: 1 })
  t.match(
    await judged([
      { ratio: 3, refused: 1 },
      { ratio: 1, refused: 0 }
    ]),
    { isLost: true, times: 2 }
  )
  t.match(await judged([{ ratio: 1, refused: 0 }]), { isLost: false, times: 1 })
})

t.test('a full run repeats a narrow miss with stolen time; a quick one does not', async t => {
  const times = [
    { ratio: 1.5, other: 1, stolen: 1 },
    { ratio: 0.9, other: 1 }
  ]
  t.match(await judged(times, { isThorough: true }), { ratio: 0.9, times: 2 })
  t.match(await judged(times), { ratio: 1.5, times: 1 })
  t.match(await judged([{ ratio: 1.5, stolen: 0.9 }], { isThorough: true }), { ratio: 1.5, times: 1 })
  t.match(await judged([{ ratio: 1, stolen: 40 }], { isThorough: true }), { ratio: 1, times: 1 })
})

t.test('after the time limit, nothing is repeated', async t => {
  t.match(await judged([{ ratio: 3 }, { ratio: 1 }], { until: 9_000 }), { ratio: 3, isLost: true, times: 1 })
  t.match(await judged([{ ratio: 3 }, { ratio: 1 }], { until: 11_000 }), { ratio: 1, isLost: false, times: 2 })
})
