/** Countries, positions and owners of addresses, from a local file in MaxMind's format. */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FindPlace, Place } from './places.ts'

/** GeoLite2 City, Country and ASN, DB-IP, and the flat records of IPinfo. */
interface PlaceRecord {
  readonly country?: { readonly iso_code?: string } | string
  readonly country_code?: string
  readonly registered_country?: { readonly iso_code?: string }
  readonly location?: { readonly latitude?: number; readonly longitude?: number; readonly accuracy_radius?: number }
  readonly autonomous_system_number?: number
  /** `AS3320` */
  readonly asn?: string
}

/** Bytes. Files have some hundred megabytes at most, and each process keeps the whole file in memory. */
const maxBytes = 1024 * 1024 * 1024
/** The metadata begin within so many bytes of the end (MaxMind DB File Format Specification v2.0, "Database Metadata"). */
const metadataBytes = 128 * 1024
const metadataMarker = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1')

export class CountryFileError extends Error {
  override readonly name = 'CountryFileError'
}

const damaged = 'it is damaged, or no file in the format of MaxMind'

/** Rejects with CountryFileError. */
export async function readCountries(file: string): Promise<NonNullable<FindPlace>> {
  // Loaded only where a file is configured.
  const { Reader } = await import('mmdb-lib')
  const content = await contentOf(file).catch((error: NodeJS.ErrnoException) => {
    if (error instanceof CountryFileError) throw error
    throw new CountryFileError(
      error.code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${error.code ?? error.message})`
    )
  })
  let reader: InstanceType<typeof Reader<object>>
  try {
    reader = new Reader<object>(content)
    // A file that is cut short fails here.
    for (const address of ['1.1.1.1', '8.8.8.8', '203.0.113.1']) reader.get(address)
  } catch {
    throw new CountryFileError(damaged)
  }
  return address => {
    try {
      return placeOf(reader.get(address) as PlaceRecord | null)
    } catch {
      return null
    }
  }
}

async function contentOf(file: string): Promise<Buffer> {
  // Opening a named pipe must not block.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const stat = await handle.stat()
    if (stat.isDirectory()) throw new CountryFileError('it is a folder')
    if (!stat.isFile()) throw new CountryFileError('it is no ordinary file')
    // The end is read first: an image of a disk must not fill the memory.
    const end = Buffer.alloc(Math.min(stat.size, metadataBytes))
    await handle.read(end, 0, end.length, stat.size - end.length)
    if (!end.includes(metadataMarker)) throw new CountryFileError(damaged)
    if (stat.size > maxBytes) throw new CountryFileError(`it is larger than ${maxBytes / 1024 ** 3} GiB`)
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}

function placeOf(record: PlaceRecord | null): Place | null {
  if (record === null) return null
  const named = typeof record.country === 'object' ? record.country.iso_code : record.country_code
  const code = named ?? record.registered_country?.iso_code
  // A damaged file may say anything.
  const country = typeof code === 'string' && /^[A-Z]{2}$/.test(code) ? code : null
  const { latitude, longitude, accuracy_radius: radius } = record.location ?? {}
  const hasPosition = isWithin(latitude, 90) && isWithin(longitude, 180)
  const owner = Number(record.autonomous_system_number ?? record.asn?.replace(/^AS/, ''))
  const hasOwner = Number.isSafeInteger(owner) && owner > 0
  if (country === null && !hasPosition && !hasOwner) return null
  return {
    country,
    latitude: hasPosition ? (latitude as number) : null,
    longitude: hasPosition ? (longitude as number) : null,
    radiusKm: Number.isFinite(radius) ? (radius as number) : 100,
    owner: hasOwner ? owner : null
  }
}

function isWithin(value: unknown, most: number): boolean {
  return typeof value === 'number' && Math.abs(value) <= most
}
