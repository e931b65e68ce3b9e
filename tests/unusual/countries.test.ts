/** The file of countries: what it says of addresses, and files that are missing, damaged, cut short, or none. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { CountryFileError, readCountries } from '../../src/unusual/countries.ts'
import { CountryFile } from '../../src/unusual/country-file.ts'
import { distanceKm, type FindPlace } from '../../src/unusual/places.ts'
import { ask, usualWeeks, watch } from './fixture.ts'
import { mmdbFile } from './mmdb.ts'

const whole = mmdbFile([
  ['192.0.2.0/24', { country: { iso_code: 'DE' }, location: { latitude: 48.4, longitude: 10.1, accuracy_radius: 20 } }],
  ['198.51.100.0/24', { country: { iso_code: 'JP' } }],
  ['203.0.113.0/25', { registered_country: { iso_code: 'CH' } }],
  ['203.0.113.128/25', { continent: { code: 'EU' } }],
  ['2001:db8:7::/48', { country: { iso_code: 'NL' } }]
])

function fileOf(t: Test, content: Buffer | string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'factorgate-geo-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'geo.mmdb')
  writeFileSync(file, content)
  return file
}

t.test('what it says of an address', async t => {
  const find = await readCountries(fileOf(t, whole))
  t.same(find('192.0.2.7'), { country: 'DE', latitude: 48.4, longitude: 10.1, radiusKm: 20, owner: null })
  t.match(find('198.51.100.7'), { country: 'JP', latitude: null })
  t.match(find('203.0.113.7'), { country: 'CH' })
  t.match(find('2001:db8:7::1'), { country: 'NL' }, 'IPv6')
  for (const address of [
    '203.0.113.200',
    '10.1.2.3',
    '192.168.1.1',
    '127.0.0.1',
    '::1',
    'fe80::1',
    'fd00::1',
    '2001:db8:8::1',
    'nonsense',
    ''
  ])
    t.equal(find(address), null, address)
})

t.test('a file of owners says whose a network is, and one of both says both', async t => {
  const asn = await readCountries(
    fileOf(t, mmdbFile([['192.0.2.0/24', { autonomous_system_number: 64496 }]], 'GeoLite2-ASN'))
  )
  t.match(asn('192.0.2.7'), { owner: 64496, country: null, latitude: null })
  t.equal(asn('10.0.0.1'), null)
  const both = await readCountries(
    fileOf(t, mmdbFile([['192.0.2.0/24', { country: 'Germany', country_code: 'DE', asn: 'AS64497' }]]))
  )
  t.match(both('192.0.2.7'), { owner: 64497, country: 'DE' })
})

t.test('two blocks of one owner are one network; another owner is new', async t => {
  const owned: FindPlace = address => ({
    country: 'DE',
    latitude: null,
    longitude: null,
    radiusKm: 100,
    owner: address.startsWith('10.') ? 64496 : 64497
  })
  const newNetworks = (address: string) => {
    const unusual = watch({ findPlace: owned })
    usualWeeks(unusual)
    return ask(unusual, 28, 600, i => ({ address, session: 'elsewhere', path: `/projects/p${10 + (i % 30)}/${i}.tif` }))
      .flatMap(({ signals }) => signals)
      .filter(({ id }) => id === 'network')
      .map(({ sentence }) => sentence)
  }
  t.same(newNetworks('10.200.1.1'), [])
  t.match(newNetworks('198.51.100.1')[0], 'A network that is new to this person: AS64497.')
})

for (const [what, content, why] of [
  ['text', 'no file of MaxMind', /damaged/],
  ['nothing', '', /damaged/],
  ['half of a file', whole.subarray(0, whole.length / 2), /damaged/],
  ['a file without its tree', Buffer.concat([Buffer.alloc(3), whole.subarray(whole.length - 200)]), /damaged/]
] as const)
  t.test(`a file that is ${what} is refused`, async t => {
    const error = await readCountries(fileOf(t, content)).then(
      () => null,
      thrown => thrown
    )
    if (what === 'a file without its tree' && error === null) return t.pass('what it says of addresses is nothing')
    t.ok(error instanceof CountryFileError)
    t.match(error?.message, why)
  })

t.test('what is no country and no place on earth counts as unknown', async t => {
  const position = { latitude: 518.4, longitude: 10.1 }
  const find = await readCountries(
    fileOf(
      t,
      mmdbFile([
        ['192.0.2.0/24', { country: { iso_code: 'D@' }, location: position }],
        ['198.51.100.0/24', { country: { iso_code: 'JP' }, location: position }]
      ])
    )
  )
  t.equal(find('192.0.2.7'), null)
  t.match(find('198.51.100.7'), { country: 'JP', latitude: null, longitude: null })
})

t.test('a missing file, and a folder', async t => {
  await t.rejects(readCountries('/nowhere/geo.mmdb'), { message: 'there is no such file' })
  await t.rejects(readCountries(tmpdir()), { message: 'it is a folder' })
})

t.test('a named pipe is not waited for, and a device is not read', async t => {
  const pipe = path.join(path.dirname(fileOf(t, '')), 'pipe')
  execFileSync('mkfifo', [pipe])
  await t.rejects(readCountries(pipe), { message: 'it is no ordinary file' })
  await t.rejects(readCountries('/dev/zero'), { message: 'it is no ordinary file' })
})

t.test('a huge file takes neither memory nor time', async t => {
  for (const [end, why] of [
    ['', /damaged, or no file in the format of MaxMind/],
    [whole, /larger than 1 GiB/]
  ] as const) {
    // A sparse file takes no room on the disk.
    const file = fileOf(t, '')
    truncateSync(file, 1.5 * 1024 ** 3)
    appendFileSync(file, end)
    const before = process.memoryUsage().arrayBuffers
    await t.rejects(readCountries(file), { message: why })
    t.ok(process.memoryUsage().arrayBuffers - before < 16 * 1024 ** 2)
  }
})

t.test(
  'a file that is replaced while the gate runs is read again, and a damaged one leaves the one before in use',
  async t => {
    const file = fileOf(t, whole)
    const said: string[] = []
    const countries = new CountryFile(why => void said.push(why))
    const countryOf = () => countries.placeOf('198.51.100.7')?.country ?? null
    /** A file that is being written has not the same state twice. */
    const settle = async () => {
      await countries.look()
      await countries.look()
      await countries.look()
    }
    await countries.use(file)
    t.equal(countryOf(), 'JP')
    writeFileSync(file, whole.subarray(0, whole.length / 2))
    await settle()
    await countries.use(file)
    t.equal(countryOf(), 'JP')
    t.match(said, [/damaged.* The one before stays in use\./])
    writeFileSync(file, mmdbFile([['198.51.100.0/24', { country: { iso_code: 'KR' } }]]))
    await settle()
    t.equal(countryOf(), 'KR')
    t.match(said[1], /geo\.mmdb is used now\.$/)
    rmSync(file)
    await settle()
    t.equal(countryOf(), 'KR')
    t.match(said[2], /no such file.* The one before stays in use\./)
    await countries.use('/nowhere/geo.mmdb')
    t.equal(countryOf(), null, 'another file of the configuration is not the same one')
    t.match(said[3], /New countries and impossible travel are not noticed/)
    await countries.use(null)
    t.equal(said.length, 4, 'each is said once')
  }
)

t.test('distances', async t => {
  t.ok(Math.abs(distanceKm(52.52, 13.4, 35.68, 139.69) - 8920) < 30, 'Berlin to Tokyo')
  t.equal(distanceKm(1, 2, 1, 2), 0)
  t.ok(Math.abs(distanceKm(0, 179, 0, -179) - 222) < 1, 'across the date line')
})
