/** How much a proof allows before the next one is asked. */
import { at, fromScale } from './features.ts'
import type { Usual } from './group.ts'
import type { Person } from './person.ts'
import type { Track } from './track.ts'

/** After a proof, the next is asked if the score has risen by `points`, or this session alone has fetched `factor` times the amount at the proof. */
interface Rise {
  readonly points: number
  readonly factor: number
  /** Less is not worth a question. */
  readonly bytes: number
  readonly objects: number
}
/** A program in a session of its own. */
const riseOfProgram: Rise = { points: 60, factor: 4, bytes: 5e9, objects: 2000 }
/** People confirm out of habit although a program on their laptop fetches. */
const riseOfBrowser: Rise = { points: 35, factor: 1, bytes: 200e6, objects: 50 }
/** Only one of several clients gave the proof. */
const riseOfMixed: Rise = { points: 25, factor: 0.5, bytes: 400e6, objects: 200 }

export function riseOf(track: Track): Rise {
  return track.isMixed ? riseOfMixed : track.isProgram ? riseOfProgram : riseOfBrowser
}

/** True if the session has fetched more than the last proof allows: a busy day of the person, and with each further proof of the day twice as much. */
export function hasMore({ answered, proved }: Person, track: Track, rise: Rise, usual: Usual): boolean {
  const { bytes, objects, times } = proved ?? { bytes: 0, objects: 0, times: 1 }
  const factor = rise.factor * 2 ** (times - 1)
  const busyBytes = track.isProgram ? busyDay(usual, at.bytes) : 0
  const busyObjects = busyDay(usual, at.objects)
  return (
    (proved !== null || answered > 0) &&
    (track.bytes > factor * Math.max(bytes, rise.bytes, busyBytes) ||
      track.objects > factor * Math.max(objects, rise.objects, busyObjects))
  )
}

/** One day in ten exceeds it. */
function busyDay({ middle, spread }: Usual, feature: number): number {
  return fromScale(feature, middle[feature]! + 1.28 * spread[feature]!)
}
