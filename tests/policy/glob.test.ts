import fc from 'fast-check'
import t from 'tap'
import { compileGlob } from '../../src/policy/glob.ts'
import { cases } from '../fixtures/in-process/cases.ts'

const table: [glob: string, yes: string[], no: string[]][] = [
  ['/admin', ['/admin', '/admin/'], ['/', '/admin/x', '/adminx', '/Admin', '/admin//']],
  ['/admin/', ['/admin', '/admin/'], ['/admin/x']],
  ['/', ['/'], ['/x']],
  ['/admin/**', ['/admin', '/admin/', '/admin/x', '/admin/x/y/'], ['/adminx', '/x/admin', '/']],
  ['/**', ['/', '/x', '/x/y/z'], []],
  ['/admin/*', ['/admin', '/admin/', '/admin/x', '/admin/x/'], ['/admin/x/y', '/adminx', '/']],
  ['/*', ['/', '/x', '/x/'], ['/x/y']],
  ['/*.css', ['/a.css', '/.css', '/a.b.css', '/a.css/'], ['/a.cssx', '/x/a.css', '/a.css/x']],
  ['/a*c', ['/ac', '/abc', '/abbc', '/acc'], ['/ab', '/a/c', '/abcd']],
  ['/a**c', ['/ac', '/a/b/c', '/axc'], ['/a/b/cd', '/b']],
  ['/api/*/users', ['/api/v1/users', '/api/v1/users/'], ['/api/users', '/api/v1/x/users', '/api/v1/users/1']],
  ['/api/*/users/**', ['/api/v1/users', '/api/v1/users/1/2'], ['/api/users/1']],
  ['/**/admin', ['/admin', '/x/admin', '/x/y/admin/'], ['/xadmin', '/admin/x', '/x/adminy']],
  ['/**/admin/**', ['/admin', '/x/admin', '/x/admin/y', '/admin/admin'], ['/xadmin/y', '/x/adminy/z']],
  ['/a/**/b', ['/a/b', '/a/x/b', '/a/x/y/b', '/a/b/b'], ['/ab', '/a/xb', '/a/b/c']],
  ['/a/**/b/**/c', ['/a/b/c', '/a/x/b/y/z/c'], ['/a/c/b', '/a/bc']],
  ['/**/*.php', ['/x.php', '/a/b/x.php', '/.php'], ['/x.php5', '/x.php/y']],
  ['/**.php', ['/x.php', '/a/x.php'], ['/x.php/y']],
  ['/files/***', ['/files', '/files/x/y'], ['/filesx']],
  ['static/**', ['/static/x'], ['/x/static/x']],
  ['**/x', ['/x', '/a/x'], ['/ax']],
  ['/a.b+c(d)[e]$^|{f}?', ['/a.b+c(d)[e]$^|{f}?'], ['/aXb+c(d)[e]$^|{f}?', '/a.bbc(d)[e]$^|{f}?']]
]
for (const [glob, yes, no] of table)
  t.test(glob, async t => {
    const { matches } = compileGlob(glob)
    for (const path of yes) t.ok(matches(path), `covers ${path}`)
    for (const path of no) t.notOk(matches(path), `leaves ${path}`)
  })

/** The definition of a glob by trying everything. It may be slow. */
function defines(glob: string, path: string): boolean {
  if (glob === '') return path === ''
  if (glob.startsWith('/**/')) {
    const rest = glob.slice(3)
    for (let i = 0; i < path.length; i++)
      if (path[0] === '/' && path[i] === '/' && defines(rest, path.slice(i))) return true
    return false
  }
  const stars = /^\*+/.exec(glob)?.[0].length ?? 0
  if (stars === 0) return path[0] === glob[0] && path !== '' && defines(glob.slice(1), path.slice(1))
  for (let i = 0; i <= path.length; i++) {
    if (defines(glob.slice(stars), path.slice(i))) return true
    if (stars === 1 && path[i] === '/') return false
  }
  return false
}

t.test('means what its definition says, slash at the end or not', async t => {
  const glob = fc
    .array(fc.constantFrom('a', 'b', '/', '/', '*', '/**/', '/**', '/*', '**'), { maxLength: 7 })
    .map(parts => `/${parts.join('')}`.replace(/\/{2,}/g, '/').replace(/\*{3,}/g, '**'))
  const path = fc.array(fc.constantFrom('a', 'b', '/'), { maxLength: 9 }).map(parts => `/${parts.join('')}`)
  const bare = (text: string) => (text.length > 1 && text.endsWith('/') ? text.slice(0, -1) : text)
  fc.assert(
    fc.property(glob, path, (glob, path) => {
      const short = path === '/' ? '' : bare(path)
      const expected =
        defines(bare(glob), short) || defines(bare(glob), `${short}/`) || (bare(glob) === '/' && short === '')
      if (compileGlob(glob).matches(path) !== expected) throw new Error(`${glob} on ${path}: expected ${expected}`)
    }),
    { numRuns: cases(8000) }
  )
  t.pass()
})

t.test('every path that matches begins with the head', async t => {
  const { head } = compileGlob('/api/v1/x*/y')
  t.same(head, ['api', 'v1'])
  t.same(compileGlob('/a/b').head, ['a', 'b'])
  t.same(compileGlob('/a/**').head, ['a'])
  t.same(compileGlob('/**').head, [])
  t.same(compileGlob('/').head, [''])
})

t.test('no path makes a glob slow', async t => {
  const started = process.cpuUsage()
  for (const glob of ['/**a*a*a*a*a*b', '/**/a/**/a/**/a/**/b', `/${'*a'.repeat(20)}b`, `/${'**a'.repeat(20)}b`])
    for (const path of [`/${'a'.repeat(16_000)}`, `/${'a/'.repeat(8000)}`]) t.notOk(compileGlob(glob).matches(path))
  const { user } = process.cpuUsage(started)
  t.ok(user < 30_000_000, `${user / 1000} ms`)
})
