import fc from 'fast-check'
import t from 'tap'
import { readingsOf } from '../../src/request/readings.ts'
import { cases } from '../fixtures/in-process/cases.ts'
import { oddPath } from './odd-paths.ts'
import { habits, percentDecode, servers } from './servers.ts'

const runs = { numRuns: cases(400) }

/** Without the final slash, which makes no difference to a rule. */
function trimmed(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

function assertForeseen(path: string, served: string): void {
  const readings = readingsOf(path)
  if (readings === null || !served.startsWith('/')) return
  const known = new Set(readings.map(trimmed))
  if (!known.has(trimmed(served)))
    throw new Error(`${path} is served as ${served}, which is none of ${JSON.stringify(readings)}`)
}

function attempt(server: (path: string) => string, path: string): string | null {
  try {
    return server(path)
  } catch {
    return null
  }
}

for (const [name, server] of Object.entries(servers))
  t.test(`what ${name} serves is among the readings`, async t => {
    fc.assert(
      fc.property(oddPath, path => {
        const served = attempt(server, path)
        if (served !== null) assertForeseen(path, served)
      }),
      runs
    )
    t.pass()
  })

t.test('no sequence of server habits leads outside the readings', async t => {
  const pipeline = fc.array(fc.constantFrom(...Object.keys(habits)), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(oddPath, pipeline, (path, names) => {
      let served = path
      for (const name of names) {
        served = habits[name]!(served)
        if (!served.startsWith('/')) return
      }
      assertForeseen(path, served)
    }),
    { numRuns: cases(2000) }
  )
  t.pass()
})

t.test('most odd paths are read, not refused', async t => {
  const paths = fc.sample(oddPath, 1000)
  const read = paths.filter(path => readingsOf(path) !== null)
  t.ok(read.length > 700, `${read.length} of 1000`)
})

t.test('the literal reading comes first, and none stands twice', async t => {
  fc.assert(
    fc.property(oddPath, path => {
      const readings = readingsOf(path)
      return readings === null || (readings[0] === path && new Set(readings).size === readings.length)
    })
  )
  t.pass()
})

t.test('every reading begins with a slash and holds no control byte', async t => {
  fc.assert(
    fc.property(oddPath, path => (readingsOf(path) ?? []).every(reading => /^\/[^\x00-\x1f\x7f]*$/.test(reading)))
  )
  t.pass()
})

const exact: [path: string, readings: string[]][] = [
  ['/a%20b', ['/a%20b', '/a b']],
  ['/a%2Fb', ['/a%2Fb', '/a/b']],
  ['/a//b', ['/a//b', '/a/b']],
  ['/a;x=1/b', ['/a;x=1/b', '/a/b', '/a']],
  ['/caf%C3%A9', ['/caf%C3%A9', '/caf\xc3\xa9']],
  ['/caf%E9', ['/caf%E9', '/caf\xe9', '/caf']],
  ['/a/.../b', ['/a/.../b']],
  ['/%zz', ['/%zz', '/S']],
  ['/..', ['/..', '/']],
  ['/a/.', ['/a/.', '/a/', '/a']],
  ['/a/b/..', ['/a/b/..', '/a/', '/a']],
  ['/a/./', ['/a/./', '/a/']],
  ['/a//.', ['/a//.', '/a/.', '/a//', '/a/', '/a']]
]
for (const [path, expected] of exact)
  t.test(`${path} has no more readings than servers give it`, async t => t.same(readingsOf(path), expected))

const among: [path: string, reading: string, why: string][] = [
  ['/x/%2e%2e/admin', '/admin', 'encoded dots'],
  ['/x/..%2fadmin', '/admin', 'an encoded slash'],
  ['/x/..;/admin', '/admin', 'a parameter that hides dots'],
  ['/x/..;a=b/admin', '/admin', 'a parameter with a value that hides dots'],
  ['/x/.%2e/admin', '/admin', 'half-encoded dots'],
  ['/x/..%5cadmin', '/admin', 'an encoded backslash'],
  ['/x\\..\\admin', '/admin', 'bare backslashes'],
  ['/%252561dmin', '/admin', 'three decodings'],
  ['/%%36%31dmin', '/admin', 'an escape made by decoding'],
  ['/%c0%afadmin', '/admin', 'an overlong slash after the root'],
  ['/x%c0%afadmin', '/x/admin', 'an overlong slash'],
  ['/x/%c0%2e%c0%2e/admin', '/admin', 'overlong dots without continuation bytes'],
  ['/x%c0%qfadmin', '/x/admin', 'digits beyond F'],
  ['/x%u002fadmin', '/x/admin', 'a %u slash'],
  ['/x%u2215admin', '/x/admin', 'a %u slash that only looks like one'],
  ['/x/%ef%bc%8e%ef%bc%8e/admin', '/admin', 'full-width dots'],
  ['/%ef%bd%81dmin', '/admin', 'a full-width letter'],
  ['/adm%ffin', '/admin', 'a byte that is skipped'],
  ['/ad%E2%80%8Cmin/x', '/admin/x', 'a zero-width non-joiner'],
  ['/ad%C2%ADmin/x', '/admin/x', 'a soft hyphen'],
  ['/ad%25C2%25ADmin/x', '/admin/x', 'a soft hyphen encoded twice'],
  ['/ad%u200Bmin/x', '/admin/x', 'a zero-width space as IIS writes it'],
  ['/%EF%BB%BFadmin', '/admin', 'a byte order mark'],
  ['/a%CD%8Fdmin%EF%B8%8F/x', '/admin/x', 'a grapheme joiner and a variation selector'],
  ['/x/.%E2%81%A0./admin', '/admin', 'dots with a word joiner between them'],
  ['/x/..%E2%80%8B%ef%bc%8fadmin', '/admin', 'a zero-width space before a full-width slash'],
  ['/x/..%ff/admin', '/admin', 'a skipped byte behind dots'],
  ['//host/admin', '/admin', 'two slashes before a host'],
  ['/\\host/admin', '/admin', 'a slash and a backslash before a host'],
  ['/admin%23/public', '/admin', 'an encoded fragment'],
  ['/admin%3f/public', '/admin', 'an encoded query'],
  ['/admin%3bx', '/admin', 'an encoded parameter'],
  ['/admin./x', '/admin/x', 'a dot that Windows drops'],
  ['/admin%20', '/admin', 'a space that Windows drops'],
  ['/x/..%20/admin', '/admin', 'dots with a space behind them'],
  ['/admin::$DATA', '/admin', 'an NTFS stream'],
  ['/admin:$I30:$INDEX_ALLOCATION/x', '/admin/x', 'an NTFS index'],
  ['/%e0%80%af%e0%80%af/%252e', '///', 'a last dot that takes its slash along before overlong slashes are read'],
  ['/a//../admin', '/admin', 'slashes merged before dots'],
  ['/a//../admin', '/a/admin', 'dots before slashes are merged']
]
for (const [path, reading, why] of among)
  t.test(`sees through ${why}: ${path}`, async t =>
    t.ok(readingsOf(path)?.includes(reading), { readings: readingsOf(path) })
  )

for (const path of [
  '/a%00',
  '/a%2500',
  '/a%252500',
  '/a%0d%0aX',
  '/a%09',
  '/a%7f',
  '/a%u0000',
  '/a%c0%80',
  '/a%c0%8a',
  '/%1b'
])
  t.test(`refuses a control byte in any encoding: ${path}`, async t => t.equal(readingsOf(path), null))

const honest = [
  '/10.1000%2F182%3B(x)%20%2Fy',
  '/api/v4/projects/group%2Fproject/repository/files/src%2F.gitignore/raw',
  '/files/My%20Notes%20%232.ipynb',
  '/map;lat=47.37;lon=8.54/tiles;z=3',
  '/wiki/What%3F_A_100%25_C%2B%2B_guide',
  '/web/2020/http://example.org/a/../b',
  '/web/2020/http:%2F%2Fexample.org%2F%3Fx%3D1%23y',
  '/%E6%97%A5%E6%9C%AC%E8%AA%9E/%E3%83%87%E3%83%BC%E3%82%BF.csv',
  '/M%E4rz%20%DCbersicht.csv',
  '/%E2%9D%A4%EF%B8%8F%20%F0%9F%91%A9%E2%80%8D%F0%9F%94%AC/notes.md',
  '/%D9%85%DB%8C%E2%80%8C%D8%AE%D9%88%D8%A7%D9%87%D9%85.html',
  '/%C0SUIVRE/%C0A.txt',
  "/x'(~)!*,",
  '/remote.php/dav/files/ann/R%26D%20%5Bfinal%5D;v2/a%3Bb.txt',
  '/cgi-bin/show.pl/a=1&b=2/..%2F'
]
for (const path of honest)
  t.test(`an honest link is read: ${path}`, async t => {
    const readings = readingsOf(path)
    t.ok(readings !== null && readings.length <= 48, `${readings?.length} readings`)
  })

t.test('long paths are read or refused in bounded work', async t => {
  const patterns = ['%2e%2e%2f%252e;', '../a/%2e/;', '%61', '%E9', ';', '//', '%c0%ae%c0%ae%c0%af', '\\..', '%25']
  const started = process.cpuUsage()
  for (const pattern of patterns) readingsOf(`/${pattern.repeat(Math.floor(15_000 / pattern.length))}`)
  const { user } = process.cpuUsage(started)
  t.ok(user < 20_000_000, `${user / 1000} ms for ${patterns.length} paths`)
})

t.test('the model of a decoder is right itself', async t => t.equal(percentDecode('/%41%zz%2'), '/A%zz%2'))
