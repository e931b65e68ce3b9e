/** A person at work, for tests of the watch on people. */
import { dayMs } from '../../src/clock.ts'
import type { ObservedClient } from '../../src/metering/observation.ts'
import type { UsageObservation } from '../../src/unusual/observation.ts'
import type { FindPlace } from '../../src/unusual/places.ts'
import { Unusual, type UnusualOptions, type UnusualVerdict } from '../../src/unusual/unusual.ts'

/** A Monday. */
export const monday = Date.UTC(2026, 8, 7)
export const hourMs = 3_600_000
export const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

/** A client that sends no headers but its name. */
export function silent(userAgent = firefox): ObservedClient {
  return { userAgent, accept: '', acceptLanguage: '', fetchSite: '', fetchMode: '', fetchDest: '', rawHeaders: [] }
}

export function observation(given: Partial<UsageObservation> = {}): UsageObservation {
  return {
    at: monday + 9 * hourMs,
    account: 'alice',
    groups: ['lab'],
    session: 's1',
    sessionStartedAt: monday + 9 * hourMs,
    app: 'files',
    method: 'GET',
    path: '/projects/p1/a.tif',
    destination: '',
    address: '10.1.2.3',
    userAgent: firefox,
    rawHeaders: [],
    signedInWith: null,
    isSocket: false,
    fetchDest: 'empty',
    status: 200,
    bytes: 10_000,
    isFirst: true,
    isLed: false,
    ...given
  }
}

export function watch(options: Partial<UnusualOptions> = {}): Unusual {
  return new Unusual({ learnMs: () => 0, findPlace: null, ...options })
}

/** `count` requests of one day, one each second. Returns the verdicts. */
export function ask(
  unusual: Unusual,
  day: number,
  count: number,
  given: (i: number) => Partial<UsageObservation> = () => ({})
): UnusualVerdict[] {
  const start = monday + day * dayMs + 9 * hourMs
  const verdicts: UnusualVerdict[] = []
  for (let i = 0; i < count; i++) {
    const at = start + i * 1000
    const verdict = unusual.observe(
      observation({
        at,
        session: `s-${day}`,
        sessionStartedAt: start,
        path: `/projects/p1/${(day * 7 + i) % 60}x.tif`,
        ...given(i)
      })
    )
    if (verdict !== null) verdicts.push(verdict)
  }
  return verdicts
}

/** Four weeks of work: twenty to forty requests on each workday, two megabytes or so. */
export function usualWeeks(unusual: Unusual, account = 'alice', days = 28): void {
  for (let day = 0; day < days; day++)
    if (day % 7 < 5)
      ask(unusual, day, 20 + ((day * 13) % 20), i => ({
        account,
        session: `${account}-${day}`,
        at: monday + day * dayMs + (9 + (i % 8)) * hourMs + i * 10_000,
        bytes: 50_000 + ((day * 31 + i * 17) % 50) * 2000
      }))
}

export const germany: FindPlace = address =>
  address.startsWith('10.')
    ? { country: 'DE', latitude: 51, longitude: 10, radiusKm: 50, owner: null }
    : { country: 'JP', latitude: 36, longitude: 138, radiusKm: 50, owner: null }
