/** After a proof: how much more it takes until the same session is asked again. */
import t from 'tap'
import { dayMs } from '../../src/clock.ts'
import { at, fromScale } from '../../src/unusual/features.ts'
import type { UsageObservation } from '../../src/unusual/observation.ts'
import { hourMs, monday, observation, usualWeeks, watch } from './fixture.ts'

const start = monday + 28 * dayMs + 9 * hourMs

/** Somebody empties folders, and then opens files of their own work. Each question is answered at once. Returns at how many files each came. */
function questionsAt(files: number): { readonly asked: readonly number[]; readonly busyDay: number } {
  const unusual = watch()
  usualWeeks(unusual)
  const { middle, spread } = unusual.people.usual(unusual.people.all.get('alice')!)
  const asked: number[] = []
  let now = start
  const request = (opened: number, given: Partial<UsageObservation>) => {
    now += 2000
    const verdict = unusual.observe(observation({ at: now, session: 's', sessionStartedAt: start, ...given }))
    if (verdict === null || verdict.level === 'strange') return
    asked.push(opened)
    unusual.proved('alice', 's', now + 500)
  }
  for (let i = 0; i < 2000; i++)
    request(0, { method: 'DELETE', status: 204, bytes: 0, path: `/projects/p${i % 7}/${i}.tif` })
  for (let i = 0; i < files; i++) request(i, { path: `/projects/p1/${i}x.tif` })
  return { asked, busyDay: fromScale(at.objects, middle[at.objects]! + 1.28 * spread[at.objects]!) }
}

t.test('a proof allows at least a busy day of the person more, and each further one twice as much', async t => {
  const { asked, busyDay } = questionsAt(3000)
  const [, second, third, fourth] = asked as [number, number, number, number]
  t.ok(second > busyDay, `${second} files after the first proof, ${busyDay.toFixed()} on a busy day`)
  t.ok(third - second >= 2 * second && third - second < 3 * second, `${third}`)
  t.ok(fourth - third >= 4 * third, `${fourth}`)
  t.equal(asked.length, 4)
})
