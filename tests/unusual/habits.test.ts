/** What honest people do now and then, and thieves who know how the watch learns. */
import t from 'tap'
import { dayMs } from '../../src/clock.ts'
import { at } from '../../src/unusual/features.ts'
import type { UsageObservation } from '../../src/unusual/observation.ts'
import type { Unusual, UnusualVerdict } from '../../src/unusual/unusual.ts'
import { ask, firefox, hourMs, monday, observation, usualWeeks, watch } from './fixture.ts'

const chrome = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36'

/** A workday from nine to five: thirty requests, in the areas of the person. Returns the verdicts. */
function work(
  unusual: Unusual,
  day: number,
  given: (i: number) => Partial<UsageObservation> = () => ({})
): UnusualVerdict[] {
  const start = monday + day * dayMs + 9 * hourMs
  return Array.from({ length: 30 }, (_, i) =>
    unusual.observe(
      observation({
        at: start + (i % 8) * hourMs + i * 10_000,
        session: `s-${day}`,
        sessionStartedAt: start,
        path: `/projects/p1/${(day * 7 + i) % 60}x.tif`,
        bytes: 60_000,
        ...given(i)
      })
    )
  ).filter(verdict => verdict !== null)
}

const isAsked = (verdicts: readonly UnusualVerdict[]) => verdicts.some(({ level }) => level !== 'strange')
const workdays = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => from + i).filter(day => day % 7 < 5)

t.test('a thief who takes 5 % more each day is found before it is thirty times as much', async t => {
  const unusual = watch()
  usualWeeks(unusual)
  let factor = 1
  const found = workdays(28, 140).find(day => {
    factor *= 1.05
    const verdicts = work(unusual, day, i => ({
      bytes: 60_000 * factor,
      path: `/projects/p1/${day}-${i}.tif`
    }))
    // Who takes more takes more files, and none of it is in the areas of the owner's daily work.
    for (let i = 0; i < 10 * (factor - 1); i++)
      verdicts.push(...work(unusual, day, k => ({ bytes: 60_000, path: `/projects/p${20 + i}/${day}-${i}-${k}.tif` })))
    return isAsked(verdicts)
  })
  t.ok(found !== undefined, 'it is found')
  t.ok(factor < 30, `at ${factor.toFixed(1)} times as much`)
})

t.test('poisoning moves what is usual by less than half of what is taken', async t => {
  const unusual = watch()
  usualWeeks(unusual)
  const usualBytes = () => unusual.people.usual(unusual.people.all.get('alice')!).middle[at.bytes]!
  const before = usualBytes()
  let factor = 1
  for (const day of workdays(28, 84)) {
    factor *= 1.05
    work(unusual, day, () => ({ bytes: 60_000 * factor }))
  }
  t.ok(usualBytes() - before < 0.75 * Math.log(factor), `${(usualBytes() - before).toFixed(2)} of ${Math.log(factor)}`)
})

t.test('a person who comes back from three weeks of holiday is as before', async t => {
  const unusual = watch()
  usualWeeks(unusual)
  t.same(
    workdays(49, 54).flatMap(day => work(unusual, day)),
    []
  )
  const taken = ask(unusual, 54, 300, i => ({ bytes: 40e6, path: `/projects/p${30 + (i % 30)}/${i}.tif` }))
  t.ok(isAsked(taken), 'and is still known')
})

t.test('a new laptop is no reason to ask; the next day it is known', async t => {
  const unusual = watch()
  usualWeeks(unusual)
  const laptop = {
    userAgent: chrome,
    rawHeaders: ['sec-ch-ua-platform', '"Windows"', 'User-Agent', chrome, 'Accept', '*/*', 'Accept-Language', 'de'],
    signedInWith: { userAgent: chrome, address: '10.1.2.3' }
  }
  t.notOk(isAsked(work(unusual, 28, () => laptop)))
  t.same(
    work(unusual, 29, () => laptop),
    []
  )
})

t.test('two browsers side by side, each with its own session, are one person', async t => {
  const unusual = watch()
  usualWeeks(unusual)
  const headers = (userAgent: string, order: readonly string[]) =>
    order.flatMap(name => [name, name === 'User-Agent' ? userAgent : 'de'])
  const both = (day: number) => (i: number) =>
    i % 2 === 0
      ? { rawHeaders: headers(firefox, ['User-Agent', 'Accept', 'Accept-Language', 'Accept-Encoding']) }
      : {
          userAgent: chrome,
          rawHeaders: headers(chrome, ['User-Agent', 'Accept', 'Accept-Encoding', 'Accept-Language']),
          session: `other-${day}`,
          signedInWith: { userAgent: chrome, address: '10.1.2.3' }
        }
  const verdicts = workdays(28, 40).flatMap(day => work(unusual, day, both(day)))
  t.notOk(isAsked(verdicts))
  t.notOk(verdicts.some(({ isShared }) => isShared))
})

t.test('when summer time ends, people who come an hour later by UTC are not asked', async t => {
  const unusual = watch()
  usualWeeks(unusual)
  t.same(
    workdays(28, 33).flatMap(day =>
      work(unusual, day, i => ({ at: monday + day * dayMs + (10 + (i % 8)) * hourMs + i * 10_000 }))
    ),
    []
  )
})

t.test('a newcomer of a group that fetches much may fetch much, and one of a quiet group may not', async t => {
  const askedOf = (group: string) => {
    const unusual = watch({ learnMs: () => 13 * dayMs })
    for (const [name, bytes] of [
      ['loud', 300e6],
      ['quiet', 20_000]
    ] as const)
      for (let colleague = 0; colleague < 4; colleague++)
        for (const day of workdays(0, 14))
          work(unusual, day, i => ({
            account: `${name}-${colleague}`,
            session: `${name}-${colleague}-${day}`,
            groups: [name],
            bytes: bytes * (1 + ((i + colleague + day) % 5) / 3),
            path: `/projects/${name}/${(day * 7 + i * 3) % 90}.tif`
          }))
    return work(unusual, 14, i => ({
      account: 'newcomer',
      groups: [group],
      bytes: 300e6,
      path: `/projects/${group}/${i}.tif`
    }))
  }
  t.notOk(isAsked(askedOf('loud')))
  t.ok(askedOf('quiet').length > 0, 'it is strange there')
})

t.test('a little unusual for days: the days before count, but not those for which the person has answered', async t => {
  const repeatsOf = (answers: boolean) => {
    const unusual = watch()
    usualWeeks(unusual)
    let last: UnusualVerdict | undefined
    for (const day of workdays(28, 33)) {
      last =
        work(unusual, day, i => ({ bytes: 5e6, path: `/projects/p${20 + (i % 3)}/${day}-${i}.tif` })).at(-1) ?? last
      if (answers) unusual.proved('alice', `s-${day}`, monday + day * dayMs + 20 * hourMs)
    }
    return last?.signals.find(({ id }) => id === 'repeat')
  }
  t.match(repeatsOf(false)?.sentence, /^(One|\d) of the last 7 days of this person (was|were) unusual too\.$/)
  t.equal(repeatsOf(true), undefined)
})

t.test('days on which people only delete are days of theirs', async t => {
  const unusual = watch()
  usualWeeks(unusual)
  const { ringNext } = unusual.people.all.get('alice')!.person
  work(unusual, 28, () => ({ method: 'DELETE', status: 204, bytes: 0 }))
  work(unusual, 29)
  t.equal(unusual.people.all.get('alice')!.person.ringNext, (ringNext + 2) % 28)
})

t.test(
  'the first days of the watch, when nobody’s areas are known, do not teach that areas of others are usual',
  async t => {
    const unusual = watch({ learnMs: () => 14 * dayMs })
    for (const day of workdays(0, 19)) work(unusual, day)
    const usual = unusual.people.usual(unusual.people.all.get('alice')!)
    const busy = Math.expm1(usual.middle[at.foreignObjects]! + 1.28 * usual.spread[at.foreignObjects]!) * 5
    t.ok(busy < 14, `${busy.toFixed(0)} such addresses on a busy day`)
  }
)
