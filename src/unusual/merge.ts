/** Joins what two gates have seen of one person on the same day. */
import { featureCount, features } from './features.ts'
import { firstDay, lastDay, note } from './known-list.ts'
import { joinOwn } from './own-day.ts'
import { knownLists, number, ownAmountsAt, type Person, sums, today } from './person.ts'
import { add, holds, isSampled, thin } from './sampled-set.ts'

/** Adds what `live` has counted since `synced`. An object that two gates saw counts twice. */
export function mergeInto(into: Person, live: Person, synced: Float64Array): Person {
  joinOwn(into, live, synced.subarray(ownAmountsAt))
  for (let feature = 0; feature < featureCount; feature++) {
    const mine = live.numbers[feature]!
    into.numbers[feature] = features[feature]!.isPeak
      ? Math.max(into.numbers[feature]!, mine)
      : into.numbers[feature]! + Math.max(0, mine - synced[feature]!)
  }
  into.numbers[number.score] = Math.max(into.numbers[number.score]!, live.numbers[number.score]!)
  into.moved.addSince(live.moved, synced.subarray(featureCount, ownAmountsAt))
  if (live.numbers[number.placeAt]! >= into.numbers[number.placeAt]!)
    for (const index of [number.latitude, number.longitude, number.placeAt]) into.numbers[index] = live.numbers[index]!
  for (const list of knownLists)
    for (let i = 0; i < list.size; i++) {
      const hash = live.hashes[list.at + i]!
      if (hash !== 0) note(into, list, hash, lastDay(live, list, i), firstDay(live, list, i))
    }
  joinObjects(into, live)
  into.hoursToday |= live.hoursToday
  into.newToday |= live.newToday
  joinProofs(into, live)
  into.since = Math.min(into.since, live.since)
  return into
}

/** The alarm since the newest proof counts. Of one proof, the smaller amounts are those at its time. */
function joinProofs(into: Person, live: Person): void {
  const [mine, theirs] = [live.proved?.at ?? 0, into.proved?.at ?? 0]
  if (mine > theirs) {
    into.alarm = live.alarm
    into.proved = live.proved
    // The sums began anew with the proof.
    for (const sum of sums) into.numbers[sum] = live.numbers[sum]!
  } else if (mine === theirs) {
    into.alarm = Math.max(into.alarm, live.alarm)
    if (live.proved !== null && into.proved !== null)
      into.proved = {
        bytes: Math.min(live.proved.bytes, into.proved.bytes),
        objects: Math.min(live.proved.objects, into.proved.objects),
        times: Math.max(live.proved.times, into.proved.times),
        at: mine
      }
  }
  into.answered = Math.max(into.answered, live.answered)
}

function joinObjects(into: Person, live: Person): void {
  if (live.todayLevel > into.todayLevel) {
    into.todayLevel = live.todayLevel
    thin(into.hashes, today, into.todayLevel)
  }
  for (let i = today.at; i < today.at + today.size; i++) {
    const hash = live.hashes[i]!
    if (hash === 0) return
    if (isSampled(hash, into.todayLevel) && !holds(into.hashes, today, hash))
      into.todayLevel = add(into.hashes, today, hash, into.todayLevel)
  }
}
