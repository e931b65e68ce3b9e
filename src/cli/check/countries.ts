/** Checks the file of countries (`watch.unusual.countries`), without which the gate notices less. */
import { readCountries } from '../../unusual/countries.ts'
import type { CheckFinding, Sound } from './finding.ts'

export async function checkCountries({ config }: Pick<Sound, 'config'>): Promise<CheckFinding[]> {
  const file = config.watch?.unusual?.countries ?? null
  if (file === null) return []
  try {
    await readCountries(file)
    return []
  } catch (error) {
    const { message } = error as Error
    return [
      {
        degree: 'warning',
        path: 'watch.unusual.countries',
        message: `the file of countries ${file} is not used: ${message}. New countries and impossible travel are not noticed. Give the gate a file in the format of MaxMind (.mmdb): GeoLite2 City or Country, or DB-IP Lite`
      }
    ]
  }
}
