/** Joins what two gates have seen of one person on the same day. */
import { featureCount, features } from './features.ts'
import { firstDay, lastDay, note } from './known-list.ts'
import { joinOwn } from './own-day.ts'
import { knownLists, number, ownAmountsAt, type Person, today } from './person.ts'
import { add, holds, isSampled, thin } from './sampled-set.ts'

/**
 * Adds to `into`, from the store, what `live` has counted since its amounts were `synced`. An object that both have seen counts twice, because
 * only counts are added.
 */
export function mergeInto(into: Person, live: Person, synced: Float64Array): Person {
  joinOwn(into, live, synced.subarray(ownAmountsAt))
  for (let feature = 0; feature < featureCount; feature++) {
    const mine = live.numbers[feature]!
    into.numbers[feature] = features[feature]!.isPeak
      ? Math.max(into.numbers[feature]!, mine)
      : into.numbers[feature]! + Math.max(0, mine - synced[feature]!)
  }
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
  if (live.answered > into.answered) into.alarm = live.alarm
  else if (live.answered === into.answered) into.alarm = Math.max(into.alarm, live.alarm)
  into.answered = Math.max(into.answered, live.answered)
  into.since = Math.min(into.since, live.since)
  into.ledDay = Math.max(into.ledDay, live.ledDay)
  return into
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
