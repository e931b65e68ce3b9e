/** The file of countries: what it says of addresses, and files that are missing, damaged, cut short, or none. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { CountryFileError, readCountries } from '../../src/unusual/countries.ts'
import { distanceKm } from '../../src/unusual/places.ts'
import { mmdbFile } from './mmdb.ts'

const whole = mmdbFile([
  ['192.0.2.0/24', { country: { iso_code: 'DE' }, location: { latitude: 48.4, longitude: 10.1, accuracy_radius: 20 } }],
  ['198.51.100.0/24', { country: { iso_code: 'JP' } }],
  ['203.0.113.0/25', { registered_country: { iso_code: 'CH' } }],
  ['203.0.113.128/25', { continent: { code: 'EU' } }]
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
  t.same(find('192.0.2.7'), { country: 'DE', latitude: 48.4, longitude: 10.1, radiusKm: 20 })
  t.match(find('198.51.100.7'), { country: 'JP', latitude: null })
  t.match(find('203.0.113.7'), { country: 'CH' })
  for (const address of ['203.0.113.200', '10.1.2.3', '2001:db8::1', 'nonsense', ''])
    t.equal(find(address), null, address)
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

t.test('a missing file, and a folder', async t => {
  await t.rejects(readCountries('/nowhere/geo.mmdb'), { message: 'there is no such file' })
  await t.rejects(readCountries(tmpdir()), { message: /cannot be read/ })
})

t.test('distances', async t => {
  t.ok(Math.abs(distanceKm(52.52, 13.4, 35.68, 139.69) - 8920) < 30, 'Berlin to Tokyo')
  t.equal(distanceKm(1, 2, 1, 2), 0)
  t.ok(Math.abs(distanceKm(0, 179, 0, -179) - 222) < 1, 'across the date line')
})
