/** Whoever spells addresses in odd ways, or names files in queries, is counted as others are. */
import t from 'tap'
import { at } from '../../src/unusual/features.ts'
import { climbsOf, hashText, readPath } from '../../src/unusual/read-path.ts'
import { ask, usualWeeks, watch } from './fixture.ts'

const read = (path: string) => ({ ...readPath(hashText('app'), path) })

/** What the watch has counted of 300 files in projects of others. */
function counted(spell: (project: string, file: string) => string) {
  const unusual = watch()
  usualWeeks(unusual)
  const verdicts = ask(unusual, 28, 300, i => ({
    path: spell(`p${50 + (i % 5)}`, `scan-${String(i).padStart(5, '0')}.tif`),
    bytes: 5_000_000
  }))
  return { level: verdicts.at(-1)?.level, numbers: unusual.people.all.get('alice')!.person.numbers }
}

t.test('a theft is seen however its addresses are spelled', async t => {
  const spellings: Readonly<Record<string, (project: string, file: string) => string>> = {
    plain: (project, file) => `/projects/${project}/${file}`,
    'two slashes': (project, file) => `//projects//${project}//${file}`,
    'padded with dots': (project, file) => `${'/.'.repeat(600)}/projects/${project}/${file}`,
    'padded with slashes': (project, file) => `/projects/${project}${'/'.repeat(1100)}${file}`,
    'through their own folder': (project, file) => `/projects/p1/../${project}/${file}`,
    'the same with escapes': (project, file) => `/projects/p1/%2e%2E/${project}/${file}`,
    'the same with parameters': (project, file) => `/projects/p1/..;x=1/${project}/${file}`,
    'the same for servers of Windows': (project, file) => `/projects/p1\\..\\${project}\\${file}`
  }
  for (const [name, spell] of Object.entries(spellings)) {
    const { level, numbers } = counted(spell)
    t.ok(level === 'alarming' || level === 'extreme', `${name}: ${level}`)
    // Beyond 96 addresses their number is estimated.
    for (const id of ['newObjects', 'foreignObjects', 'haul'] as const)
      t.ok(numbers[at[id]]! >= 180, `${name}: ${id} are ${numbers[at[id]]}`)
    t.equal(numbers[at.foreignBytes], 1.5e9, name)
  }
})

t.test('a file that a query names is one file', async t => {
  const queries: readonly ((project: string, file: string) => string)[] = [
    (project, file) => `/download?path=${encodeURIComponent(`/projects/${project}/${file}`)}`,
    (project, file) => `/index.php/ajax?dir=projects-${project}&f=${file}`,
    (project, file) => `/api/item?itemId=5f0c9a1e${project}${Buffer.from(file).toString('hex')}`,
    (_, file) => `/wado?requestType=WADO&studyUID=1.2.840.113619.${file.replace(/\D/g, '')}`,
    (_, file) =>
      `/List.aspx?ctl00%24Admin%24Documents${'%24ctl00'.repeat(12)}%24fileId=5f0c9a1e${Buffer.from(file).toString('hex')}`,
    (_, file) => `/List.aspx?ctl00$Admin$fileId=5f0c9a1e${Buffer.from(file).toString('hex')}`,
    (_, file) => `/access?pad=${'x'.repeat(1200)}&persistentId=doi:10.5072/FK2/${file.slice(5, 10)}`
  ]
  for (const query of queries) {
    const { numbers } = counted(query)
    for (const id of ['newObjects', 'haul'] as const)
      t.ok(numbers[at[id]]! >= 180, `${query('p1', 'a.tif').slice(0, 40)}: ${id} are ${numbers[at[id]]}`)
  }
})

t.test('what differs at each request for the same thing names nothing', async t => {
  const table: readonly (readonly [string, string, string])[] = [
    ['a time', '_=1764472000000', '_=1764472001234'],
    ['a date', 'since=2026-11-30T03:11:53.120Z', 'since=2026-11-30T03:11:58.551Z'],
    ['a sync token', 'since=s72594_4483_1934', 'since=s72594_4485_1934'],
    ['a request', 'requestId=5f0c9a1e-aaaa', 'requestId=5f0c9a1e-bbbb'],
    ['a request in other letters', 'X-Request-ID=5f0c9a1e-aaaa', 'X-Request-ID=5f0c9a1e-bbbb'],
    ['a connection of Socket.IO', 'sid=GYPTDFtjyhGlgKDcAAAA', 'sid=GYPTDFtjyhGlgKDcAAAB'],
    ['a session of Jupyter', 'session_id=5f0c9a1e-aaaa', 'session_id=5f0c9a1e-bbbb'],
    ['a request of a control', 'ctl00$Main$requestId=5f0c9a1e-aaaa', 'ctl00$Main$requestId=5f0c9a1e-bbbb'],
    [
      'a request under a long name',
      `${'x'.repeat(99)}RequestId=5f0c9a1e-aaaa`,
      `${'x'.repeat(99)}RequestId=5f0c9a1e-bbbb`
    ],
    ['how far somebody has read', 'lastEventId=17644720001', 'lastEventId=17644720002'],
    ['the same', 'since_id=17644720001', 'since_id=17644720002'],
    ['a signature', 'sig=ab%2Fcd3fghijk', 'sig=xb%2Fcd3fghijk'],
    ['a name without a value', 'abcdefghijkl', 'abcdefghijkm']
  ]
  for (const [name, one, other] of table) t.equal(read(`/a?${one}`).object, read(`/a?${other}`).object, name)
})

t.test('the digit of an extension is no number of a row', async t => {
  for (const ending of ['.h5', '.mp4', '.tar.bz2', '.7z', '.dm4?x=y', '.nc4'])
    t.same(
      [read(`/run-1001${ending}`).id, read(`/run-1001${ending}`).template],
      [1001, read(`/run-1002${ending}`).template],
      ending
    )
  t.equal(read('/part.zip.001').id, 1, 'parts of an archive are a row')
  t.equal(read('/v1.2/x').id, 2)
  t.equal(read('/a.h5/17').id, 17)
})

t.test('long addresses cost no more than reading them', async t => {
  const long = `${'a'.repeat(63)}id`
  t.not(read(`/f?${long}=/aaaaaaaaaaaa`).object, read('/f').object)
  t.equal(
    read(`/f?${'a&'.repeat(5)}id=17`).object,
    read('/f?id=17').object,
    'names without values before one with a value'
  )
  const climbs = climbsOf(`/a/%252e%252e/b%5cc;d//E?${long}=/x`)
  t.ok(climbs.length > 5)
  t.notOk(
    climbs.some(climb => climb.includes('?')),
    'the query is not read for each of them'
  )
})
