/** The networks of the simulation, and its file of countries. */
import { mmdbFile, type Value } from '../../unusual/mmdb.ts'
import type { Random } from './random.ts'

export interface Network {
  readonly v4: string
  /** A prefix of 32 bits; null where there is no IPv6. */
  readonly v6: string | null
  readonly country: string
}

const countries: Readonly<Record<string, readonly [latitude: number, longitude: number]>> = {
  DE: [51, 10],
  FR: [47, 2],
  CH: [47, 8],
  US: [38, -97],
  JP: [36, 138],
  GB: [54, -2],
  IT: [43, 12],
  CN: [35, 103],
  SE: [62, 15],
  AU: [-25, 134],
  BR: [-10, -53],
  ES: [40, -4],
  KR: [36, 128],
  NG: [9, 8],
  RU: [60, 90],
  VN: [16, 106],
  NL: [52, 5],
  RO: [46, 25]
}
const codes = Object.keys(countries)
/** Where conferences are. */
export const farCountries = ['US', 'JP', 'GB', 'IT', 'CN', 'SE', 'AU', 'BR', 'ES', 'KR']
/** Where stolen sessions are sold and used, besides. */
export const otherCountries = ['NG', 'RU', 'VN', 'NL', 'RO']

/** The first number of an address stands for the country: four for each. */
const blocksOf = (country: string) => [0, 1, 2, 3].map(i => 11 + codes.indexOf(country) * 4 + i)
const hex = (block: number) => `2a${block.toString(16).padStart(2, '0')}`

export function networkIn(random: Random, country: string): Network {
  const block = random.pick(blocksOf(country))
  const v4 = `${block}.${random.integer(256)}.${random.integer(256)}.${1 + random.integer(250)}`
  const v6 = random.chance(0.5) ? `${hex(block)}:${random.integer(4096).toString(16)}::` : null
  return { v4, v6, country }
}

/** In MaxMind's format. */
export function countriesFile(): Buffer {
  return mmdbFile(
    codes.flatMap(code => {
      const [latitude, longitude] = countries[code]!
      const place: Value = { country: { iso_code: code }, location: { latitude, longitude, accuracy_radius: 500 } }
      return blocksOf(code).flatMap(block => [
        [`${block}.0.0.0/8`, place] as const,
        [`${hex(block)}::/16`, place] as const
      ])
    })
  )
}
