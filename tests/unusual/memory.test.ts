/** The memory of ten thousand people, all of them active today. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { monday, observation, watch } from './fixture.ts'

const people = 10_000
const bytesMost = 60e6

t.test('ten thousand people take less than 60 MB', async t => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const used = () => {
    collect()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const before = used()
  const unusual = watch()
  for (let day = 0; day < 2; day++)
    for (let i = 0; i < people; i++)
      for (let k = 0; k < 10; k++)
        unusual.observe(
          observation({
            account: `person-${i}`,
            groups: [`lab-${i % 100}`],
            session: `session-${i}`,
            at: monday + day * 86_400_000 + 9 * 3_600_000 + k * 1000,
            path: `/projects/p${i % 300}/${k}.tif`
          })
        )
  const taken = used() - before
  t.ok(taken < bytesMost, `${(taken / 1e6).toFixed(1)} MB`)
  t.equal(unusual.people.all.size, people)
})
