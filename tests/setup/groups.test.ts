/** Which test files share a process. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { alone, groupsOf } from './groups.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))
const files = readdirSync(`${root}tests`, { recursive: true })
  .map(name => `tests/${name}`)
  .filter(file => /\.test\.tsx?$/.test(file))

t.test('each file is in one group, and the groups are of one room', async t => {
  const groups = groupsOf(files)
  t.same(groups.flat().sort(), [...files].sort())
  const rooms = groups.map(group => new Set(group.map(file => file.split('/')[1])).size)
  t.same([...new Set(rooms)], [1])
})

t.test('a large room becomes several groups of even size, the largest first', async t => {
  const room = (name: string, count: number) => Array.from({ length: count }, (_, i) => `tests/${name}/${i}.test.ts`)
  const sizes = groupsOf([...room('small', 3), ...room('large', 50)]).map(group => group.length)
  t.same(sizes, [17, 17, 16, 3])
})

t.test('a file that measures its process runs alone, and no other does', async t => {
  const measures =
    /process\.memoryUsage|monitorEventLoopDelay|new PerformanceObserver|process\.on\('unhandledRejection'|in require\.cache|mainThreadMs\(|longestTurnMs\(/
  const texts = files.filter(file => !file.startsWith('tests/setup/'))
  const found = texts.filter(file => measures.test(readFileSync(`${root}${file}`, 'utf8')))
  t.same(found.sort(), [...alone].sort())
  const groups = groupsOf(files).filter(group => group.some(file => alone.has(file)))
  t.same(
    groups.map(group => group.length),
    [...alone].map(() => 1)
  )
})
