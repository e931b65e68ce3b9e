/** Which address touches which decoy: any plausible reading, rows by their id, and values of the query. */
import t from 'tap'
import { type DecoySettings, Decoys } from '../../src/decoys/decoys.ts'
import { Repeats } from '../../src/decoys/repeats.ts'
import { parseTarget } from '../../src/request/target.ts'

const plain = { query: null, serve: null, content: 'passwords', steps: ['suspend'] } as const
const nobody = { networks: [], users: [], groups: [] }
const settings: DecoySettings[] = [
  { ...plain, path: '/finance/**' },
  { ...plain, path: '/api/patients/99999' },
  { ...plain, path: '/download', query: { dir: '/finance/**' } },
  { ...plain, path: '/row', query: { table: 'patients', id: '99999' } },
  { ...plain, path: '/Löhne/*' }
]
const made = (isCaseSensitive = false) => new Decoys(settings, { isCaseSensitive, exempt: nobody })
const at = (decoys: Decoys, address: string) => {
  const target = parseTarget(address)
  if (target === null) throw new Error(`no address: ${address}`)
  const found = decoys.at(target.readings, target.query)
  return found === 'unreadable' ? found : (found?.text ?? null)
}

t.test('a decoy is touched by any reading of the address', async t => {
  const finance = '/finance/**'
  const rows: [string, string | null][] = [
    ['/finance', finance],
    ['/finance/', finance],
    ['/finance/2024/a.xlsx?v=1', finance],
    ['/FINANCE/a', finance],
    ['/%66inance/a', finance],
    ['/%2566inance/a', finance],
    ['/x/../finance/a', finance],
    ['/x/..%2ffinance/a', finance],
    ['//finance/a', finance],
    ['/finance;v=1/a', finance],
    ['/\\finance\\a', finance],
    ['/finances/a', null],
    ['/my/finance/a', null],
    ['/', null],
    ['/api/patients/99999', '/api/patients/99999'],
    ['/api/patients/9999', null],
    ['/api/patients/99999/scans', null],
    ['/L%C3%B6hne/a', '/Löhne/*'],
    ['/l%F6hne/a', '/Löhne/*'],
    ['/download?dir=/finance/2024', '/download?dir=/finance/**'],
    ['/download?dir=%2Ffinance', '/download?dir=/finance/**'],
    ['/download?dir=%252FFinance%252Fa', '/download?dir=/finance/**'],
    ['/download?dir=docs/../finance/a', '/download?dir=/finance/**'],
    ['/download?x=1&dir[]=finance', '/download?dir=/finance/**'],
    ['/download?x=1;dir=finance', '/download?dir=/finance/**'],
    ['/download?dir=/docs&dir=/finance', '/download?dir=/finance/**'],
    ['/download?DIR=/finance', '/download?dir=/finance/**'],
    [`/download?${'a=1&'.repeat(2000)}dir=/finance/x`, '/download?dir=/finance/**'],
    [`/download?${'dir=/docs&'.repeat(2000)}dir=/finance/x`, '/download?dir=/finance/**'],
    ['/download?dir=/./finance/x%00', '/download?dir=/finance/**'],
    ['/download?dir=/finance/..%00/x', '/download?dir=/finance/**'],
    ['/download?dir=/x/../fin%2500ance/x', '/download?dir=/finance/**'],
    ['/download?dir=one%0Atwo', null],
    [`/download?dir=/x${'/%2e%2e;a//b%5c%2525'.repeat(40)}`, 'unreadable'],
    [`/download?a=/x${'/%2e%2e;a//b%5c%2525'.repeat(40)}`, null],
    [`/row?id=/x${'/%2e%2e;a//b%5c%2525'.repeat(40)}`, null],
    [`/row?table=patients&id=/x${'/%2e%2e;a//b%5c%2525'.repeat(40)}`, 'unreadable'],
    [`/row?table=patients${Array.from({ length: 3000 }, (_, i) => `&id=${i}`).join('')}`, null],
    ['/download?dir=/docs', null],
    ['/download?folder=/finance', null],
    ['/download', null],
    ['/row?id=99999&table=patients', '/row?table=patients&id=99999'],
    ['/row?id=99999', null],
    ['/row?id=99999&table=staff', null]
  ]
  const decoys = made()
  for (const [address, text] of rows) t.equal(at(decoys, address), text, address)
  const exact = made(true)
  t.equal(at(exact, '/FINANCE/a'), null, 'letter case matters where the app says so')
  t.equal(at(exact, '/download?DIR=/finance'), null)
  t.equal(at(exact, '/finance/a'), finance)
})

t.test('B5 · a query has very many parameters → it costs little', async t => {
  const decoys = made()
  const long = `/download?${'dir=%2525%2525/../&'.repeat(4000)}`
  const begun = process.cpuUsage()
  for (let i = 0; i < 5; i++) at(decoys, long.slice(0, 60_000))
  at(decoys, `/download?${Array.from({ length: 4000 }, (_, i) => `dir=%2525/../${i}`).join('&')}`)
  at(decoys, `/download?${Array.from({ length: 4000 }, (_, i) => `%2525dir${i}=1`).join('&')}`)
  const { user, system } = process.cpuUsage(begun)
  t.ok((user + system) / 5 < 2_000_000, `${(user + system) / 5} µs each`)
})

t.test('exempt are networks, users and groups, and nobody else', async t => {
  const { exempt } = new Decoys(settings, {
    isCaseSensitive: false,
    exempt: { networks: ['10.0.9.0/24'], users: ['scanner'], groups: ['crawlers'] }
  })
  t.ok(exempt.has('10.0.9.7', null))
  t.ok(exempt.has('192.0.2.1', { name: 'scanner', groups: [] }))
  t.ok(exempt.has('192.0.2.1', { name: 'bot', groups: ['crawlers'] }))
  t.notOk(exempt.has('192.0.2.1', { name: 'alice', groups: ['researchers'] }))
  t.notOk(exempt.has('192.0.2.1', null))
})

t.test('repeated touches are one line in ten minutes, with their number', async t => {
  let now = 1_000_000
  const repeats = new Repeats(() => now)
  t.same([repeats.take('a'), repeats.take('a'), repeats.take('b'), repeats.take('a')], [0, null, 0, null])
  now += 600_000
  t.equal(repeats.take('a'), 2)
  now -= 3_600_000
  t.equal(repeats.take('a'), 0, 'a clock that was put back hides nothing')
})
