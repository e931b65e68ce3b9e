/** What `npm run coverage` says of coverage that stands here. */
import t from 'tap'
import { type Covered, hasCode, holes, isUnloaded, rooms } from './holes.mjs'

const files: Covered[] = [
  { file: 'src/policy/decide.ts', lines: { 1: 4, 2: 0, 3: 0, 9: 0, 10: 1, 12: 0 }, branches: { total: 4, covered: 3 } },
  { file: 'src/policy/glob.ts', lines: { 7: 0, 8: 0 }, branches: { total: 0, covered: 0 } },
  { file: 'src/main.ts', lines: { 1: 1 }, branches: { total: 1, covered: 1 } },
  { file: 'plugins/portal/ui/layout.tsx', lines: { 1: 1, 2: 1 }, branches: { total: 0, covered: 0 } }
]

t.test('holes are runs of lines that never ran; what cannot run between them ends none', async t => {
  t.same(holes(files, 2), [
    { file: 'src/policy/decide.ts', from: 2, to: 9 },
    { file: 'src/policy/glob.ts', from: 7, to: 8 }
  ])
  t.same(holes(files, 9).length, 3)
})

t.test('rooms are folders, two deep, and all of them together stand last', async t => {
  t.same(rooms(files), [
    { room: 'plugins/portal', lines: 2, run: 2, branches: 1 },
    { room: 'src', lines: 1, run: 1, branches: 1 },
    { room: 'src/policy', lines: 8, run: 2, branches: 0.75 },
    { room: 'all', lines: 11, run: 5, branches: 0.8 }
  ])
})

t.test('a file of types alone has nothing to run, and one that no process has loaded is told apart', async t => {
  t.equal(
    hasCode("import type { A } from './a.ts'\nexport interface B { readonly a: A }\nexport type C = B | null\n"),
    false
  )
  t.equal(hasCode('export const a = 1'), true)
  t.equal(hasCode("import './a.ts'"), true)
  t.same(files.map(isUnloaded), [false, true, false, false])
})
