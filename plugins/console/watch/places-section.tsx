/** From where and with what a person works, the newest first. */
import type { KnownPlace } from '../../../src/administration/watch/known-places.ts'
import { Table } from '../../../src/charts/table.tsx'
import { dayMs } from '../../../src/clock.ts'
import type { ConsoleFrame } from '../console-page.ts'

/** Places and devices that were first seen in the last two weeks count as new. */
const newMs = 14 * dayMs
const placesShown = 12

export function PlacesSection({
  frame: { frame, say },
  places,
  now
}: {
  frame: ConsoleFrame
  places: readonly KnownPlace[]
  now: number
}) {
  const words = say.watch.person
  const { tag } = frame.say.entry
  const { shortDay } = frame.say.formats
  return (
    <section aria-labelledby="places">
      <h2 id="places">{words.places}</h2>
      {places.length === 0 ? (
        <p>{words.noPlaces}</p>
      ) : (
        <>
          <p class="soft">{words.placesLead}</p>
          <Table
            caption={words.places}
            columns={[words.what, words.name, words.first, words.last]}
            rows={places.slice(0, placesShown).map(({ kind, name, firstAt, lastAt }, i) => ({
              key: String(i),
              cells: [
                words.kind[kind],
                <bdi>{kind === 'country' && name !== null ? countryName(name, tag) : (name ?? words.noName)}</bdi>,
                <>
                  {shortDay(firstAt)}
                  {now - firstAt < newMs && <strong> · {words.isNew}</strong>}
                </>,
                shortDay(lastAt)
              ]
            }))}
          />
        </>
      )}
    </section>
  )
}

function countryName(code: string, tag: string): string {
  return new Intl.DisplayNames(tag, { type: 'region', fallback: 'code' }).of(code) ?? code
}
