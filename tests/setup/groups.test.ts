/** Which test files share a process. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { alone, groupsOf } from './groups.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))
const files = readdirSync(`${root}tests`, { recursive: true })
  .map(name => `tests/${name}`)
  .filter(file => /\.test\.tsx?$/.test(file))

const roomsOf = (group: readonly string[]) => [...new Set(group.map(file => file.split('/')[1]))]

t.test('each file is in one group, and no group is large or needlessly small', async t => {
  const groups = groupsOf(files)
  t.same(groups.flat().sort(), [...files].sort())
  t.same(
    groups.filter(group => group.length > 40),
    []
  )
  const small = groups.filter(group => group.length < 20 && !alone.has(group[0] ?? ''))
  t.ok(small.length <= 1, 'at most one group fills less than half a process')
})

t.test(
  'a large room becomes several groups of even size, the largest first, and small rooms share a process',
  async t => {
    const room = (name: string, count: number) => Array.from({ length: count }, (_, i) => `tests/${name}/${i}.test.ts`)
    const groups = groupsOf([...room('small', 3), ...room('large', 86), ...room('middle', 20), ...room('other', 19)])
    t.same(
      groups.map(group => [group.length, ...roomsOf(group)]),
      [
        [39, 'middle', 'other'],
        [29, 'large'],
        [29, 'large'],
        [28, 'large'],
        [3, 'small']
      ]
    )
  }
)

t.test('a file that measures its process runs alone, and no other does', async t => {
  const measures =
    /process\.memoryUsage|VmRSS|monitorEventLoopDelay|new PerformanceObserver|process\.on\('unhandledRejection'|in require\.cache|mainThreadMs\(|longestTurnMs\(/
  const texts = files.filter(file => !file.startsWith('tests/setup/'))
  const found = texts.filter(file => measures.test(readFileSync(`${root}${file}`, 'utf8')))
  t.same(found.sort(), [...alone].sort())
  const groups = groupsOf(files).filter(group => group.some(file => alone.has(file)))
  t.same(
    groups.map(group => group.length),
    [...alone].map(() => 1)
  )
})
