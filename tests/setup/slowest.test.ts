/** What `npm test` says at its end of the time that files took. */
import { utimesSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { slowest } from './slowest.mjs'

t.test('names the longest first, by the time of the whole file, and none of an earlier run', async t => {
  const folder = t.testdir({
    tests: {
      'a.test.ts.tap': '    # time=9000ms\nok 1 - part # time=8000ms\n# time=20.5ms\n',
      policy: {
        'b.test.ts.tap': '# time=300ms\n',
        'old.test.ts.tap': '# time=900ms\n',
        'broken.test.ts.tap': 'not ok'
      },
      'c.test.ts.tap': '# time=1000ms\n'
    }
  })
  const began = Date.now() - 60_000
  utimesSync(path.join(folder, 'tests/policy/old.test.ts.tap'), began / 1000 - 9, began / 1000 - 9)
  t.same(slowest(folder, began, 3), [
    { file: 'tests/c.test.ts', ms: 1000 },
    { file: 'tests/policy/b.test.ts', ms: 300 },
    { file: 'tests/a.test.ts', ms: 20.5 }
  ])
  t.same(
    slowest(folder, began, 9).at(-1),
    { file: 'tests/policy/broken.test.ts', ms: 0 },
    'one that broke off has no time'
  )
})
