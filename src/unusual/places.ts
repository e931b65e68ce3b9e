/** Where a person's requests come from: new networks, countries and devices, impossible travel. */
import { hourMs } from '../clock.ts'
import { reason } from '../reasons/reason.ts'
import { networkLevels } from '../request/network-levels.ts'
import { browserOf, isMobile, namesBrowser, systemOf } from '../request/user-agent.ts'
import { pointsOfChance } from './chance.ts'
import { find, firstDay, type ListPlace, note } from './known-list.ts'
import type { UsageObservation } from './observation.ts'
import { known, newDeskMove, number, type Person, provedInNewPlace } from './person.ts'
import { hashText } from './read-path.ts'
import type { Track } from './track.ts'

export interface Place {
  /** ISO 3166-1 alpha-2. */
  readonly country: string | null
  readonly latitude: number | null
  readonly longitude: number | null
  /** The possible error: half the country where no town is named. */
  readonly radiusKm: number
  /** The autonomous system's number. */
  readonly owner: number | null
}

/** Null without a file that can be read. */
export type FindPlace = ((address: string) => Place | null) | null

/** A session that is first seen later than this has begun somewhere else. */
const beginsWithinMs = 15 * 60_000
/** A place where a session begins has half the points: a second factor was shown there. */
const beginFactor = 0.5
const changedPoints = 38
/** Some people give their session to a program every day. */
const maxChangedToKnown = 14
const twoPlacesPoints = 32
/** Nobody crosses a border without a pause. */
const movedPoints = 12
const twoPlacesMs = 3 * 60_000
/** Unused for so long, a session may have travelled with its laptop. */
const journeyMs = 6 * hourMs
const travelPoints = 35
/** Door to door, an airliner is slower. */
const speedMostKmh = 1000
const distanceLeastKm = 500

/** True if there is a new doubt. */
export function notePlace(person: Person, track: Track, observation: UsageObservation, findPlace: FindPlace): boolean {
  const { at, sessionStartedAt, signedInWith } = observation
  const before = track.doubts
  // A thief's request may be the first that this gate sees of a session.
  if (track.address === '' && signedInWith !== null && signedInWith.address !== '')
    noteFrom(person, track, { ...observation, ...signedInWith, at: sessionStartedAt }, beginFactor, findPlace)
  if (track.seenAt === 0) track.seenAt = sessionStartedAt
  const isBegin = track.address === '' && at - sessionStartedAt < beginsWithinMs
  noteFrom(person, track, observation, isBegin ? beginFactor : 1, findPlace)
  return track.doubts !== before
}

/** True for a session's first request from where it was signed in. */
export function beginsIn(track: Track, { address, signedInWith }: UsageObservation): boolean {
  return track.address === '' && (signedInWith === null || ['', address].includes(signedInWith.address))
}

/** The session shows a proof in a place that is new today: the person has been there, and no thief alone. */
export function noteProvedPlace(person: Person, track: Track): void {
  const index = find(person, known.networks, track.networksOf(track.address.includes(':')).network)
  if (index >= 0 && firstDay(person, known.networks, index) === person.day) person.newToday |= provedInNewPlace
}

/** Clients are also recognised by it. */
export function clientName(userAgent: string): string {
  const { browser, system } = clientOf(userAgent)
  return [browser, system].filter(part => part !== '').join(' on ') || 'a client without a name'
}

function clientOf(userAgent: string): { readonly browser: string; readonly system: string } {
  const browser = browserOf(userAgent) ?? userAgent.split('/', 1)[0] ?? ''
  return { browser, system: systemOf(userAgent) ?? '' }
}

function noteFrom(
  person: Person,
  track: Track,
  observation: UsageObservation,
  factor: number,
  findPlace: FindPlace
): void {
  const isFirst = track.address === ''
  if (track.userAgent !== observation.userAgent || isFirst) noteClient(person, track, observation, isFirst, factor)
  if (track.address !== observation.address) noteAddress(person, track, observation, isFirst, factor, findPlace)
}

function noteClient(
  person: Person,
  track: Track,
  { userAgent = '', app }: UsageObservation,
  isFirst: boolean,
  factor: number
): void {
  track.userAgent = userAgent
  track.isBrowser = namesBrowser(userAgent)
  // A thief may name the owner's phone in a session of a computer.
  track.isMobile = (isFirst || track.isMobile) && isMobile(userAgent)
  track.hadBrowser ||= track.isBrowser
  const name = clientName(userAgent)
  const device = hashText(name)
  // A client becomes the person's own only after some days, or with a proof.
  const isOwn = person.owns(find(person, known.devices, device), known.devices)
  const isNew = noteKnown(person, known.devices, device, 2)
  if (!isFirst && device !== track.device) {
    if (isOwn) person.newToday |= 32
    track.raise(
      'changed',
      isOwn ? Math.min(maxChangedToKnown, pointsOfChance(chanceOfJoin(person))) : changedPoints,
      `The session went on with another client: ${name}.`,
      reason('changed', clientOf(userAgent))
    )
  }
  track.device = device
  const chance = (person.numbers[number.newDevices]! + 0.2) / (daysOf(person) + 2)
  if (isNew)
    track.raise(
      'device',
      pointsOfChance(chance) * factor,
      `A client that is new to this person: ${name}, at ${app}.`,
      reason('device', { ...clientOf(userAgent), app })
    )
}

function chanceOfJoin(person: Person): number {
  return (person.numbers[number.joinedDays]! + 0.4) / (daysOf(person) + 2)
}

function noteAddress(
  person: Person,
  track: Track,
  { address, at }: UsageObservation,
  isFirst: boolean,
  factor: number,
  findPlace: FindPlace
): void {
  track.address = address
  const { provider } = networkLevels(address)
  const block = hashText(provider)
  // A client may switch between IPv4 and IPv6.
  const last = track.networksOf(address.includes(':'))
  if (block === last.block) return
  last.block = block
  const place = findPlace?.(address) ?? null
  // A provider has many blocks.
  const name = place?.owner == null ? provider : `AS${place.owner}`
  const network = place?.owner == null ? block : hashText(name)
  if (network === last.network) return
  const hasCounterpart = !isFirst && isCounterpart(track, address, network, place)
  const isMidway = !isFirst && !hasCounterpart
  // A phone is in another network each day. A computer that goes on in one that is new to its person is rare.
  const isDeskMove = isMidway && !track.isMobile
  const isKnown = !noteKnown(person, known.networks, network, isDeskMove ? 1 | newDeskMove : 1)
  if (!isKnown) {
    const days = person.numbers[isDeskMove ? number.deskMoves : number.newNetworks]!
    const chance = (days + 0.3) / (daysOf(person) + 1.5)
    track.raise(
      'network',
      pointsOfChance(chance) * (hasCounterpart ? beginFactor : factor),
      `A network that is new to this person: ${name}.`,
      reason('network', { network: name }),
      isMidway
    )
  }
  // Back and forth within minutes: two clients share the session.
  if (
    !isFirst &&
    network === last.previous &&
    at - last.changedAt < twoPlacesMs &&
    (track.has('network') || track.has('country'))
  )
    track.raise(
      'twoPlaces',
      twoPlacesPoints,
      'The session is used from two networks at the same time.',
      reason('twoPlaces', {})
    )
  last.previous = last.network
  last.changedAt = at
  last.network = network
  const isMoved = !isFirst && at - track.seenAt < journeyMs
  if (place !== null) noteCountry(person, track, place, at, { factor, isKnownNetwork: isKnown, isMoved })
}

/**
 * True for the first address of its family in a session that began in a new network: the two are of one place, unless the file of places says that they
 * have two owners.
 */
function isCounterpart(track: Track, address: string, network: number, place: Place | null): boolean {
  const isV6 = address.includes(':')
  if (track.networksOf(isV6).network !== 0) return false
  if (place?.owner != null && track.networksOf(!isV6).network !== network) return false
  return track.doubts.some(({ kind, isMidway }) => kind === 'network' && !isMidway)
}

function noteCountry(
  person: Person,
  track: Track,
  { country, latitude, longitude, radiusKm }: Place,
  now: number,
  { factor, isKnownNetwork, isMoved }: Readonly<{ factor: number; isKnownNetwork: boolean; isMoved: boolean }>
): void {
  if (country !== null && noteKnown(person, known.countries, hashText(country), 4)) {
    const chance = (person.numbers[number.newCountries]! + 0.1) / (daysOf(person) + 2)
    const points = pointsOfChance(chance) * factor + (isMoved ? movedPoints : 0)
    const where = isMoved ? 'The session went on in a country' : 'A country'
    const said = reason(isMoved ? 'countryMoved' : 'country', { country })
    track.raise('country', points, `${where} that is new to this person: ${country}.`, said, isMoved)
  }
  if (latitude === null || longitude === null) return
  const minute = Math.floor(now / 60_000)
  const { numbers } = person
  const hours = (minute - numbers[number.placeAt]!) / 60
  const km = distanceKm(numbers[number.latitude]!, numbers[number.longitude]!, latitude, longitude) - radiusKm
  // A known network may be the exit of a tunnel.
  if (numbers[number.placeAt]! > 0 && hours >= 0 && !isKnownNetwork)
    if (km > distanceLeastKm && km > speedMostKmh * Math.max(hours, 0.05)) {
      const minutes = Math.max(1, Math.round(hours * 60))
      const span = hours >= 1 ? `${hours.toFixed(1)} hours` : minutes === 1 ? '1 minute' : `${minutes} minutes`
      const text = `${Math.round(km)} km in ${span}, which nobody can travel.`
      const said = reason('travel', { km: Math.round(km), minutes })
      track.raise('travel', travelPoints * factor, text, said, isMoved)
    }
  if (minute < numbers[number.placeAt]!) return
  numbers[number.latitude] = latitude
  numbers[number.longitude] = longitude
  numbers[number.placeAt] = minute
}

/** New hashes stay new for the day. */
function noteKnown(person: Person, list: ListPlace, hash: number, bit: number): boolean {
  const index = find(person, list, hash)
  const isNew = index < 0 || firstDay(person, list, index) >= person.day
  note(person, list, hash, person.day)
  if (isNew) person.newToday |= bit
  return isNew
}

function daysOf({ numbers }: Person): number {
  return numbers[number.workdays]! + numbers[number.restDays]!
}

/** The great circle (haversine). */
export function distanceKm(lat1: number, lon1: number, lat2: number, lon2: number): number {
  const rad = Math.PI / 180
  const a =
    Math.sin(((lat2 - lat1) * rad) / 2) ** 2 +
    Math.cos(lat1 * rad) * Math.cos(lat2 * rad) * Math.sin(((lon2 - lon1) * rad) / 2) ** 2
  return 2 * 6371 * Math.asin(Math.min(1, Math.sqrt(a)))
}
