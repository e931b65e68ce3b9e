/** Which test files run in one process, one after the other, when all of them run. */

/** Files that run alone, because they measure their process, catch what all of it throws or look at what it has loaded. groups.test.ts finds those that are missing here. */
export const alone = new Set([
  'tests/config/public-suffixes.test.ts',
  'tests/field/wire-staged-close.test.ts',
  'tests/forwarding/flow.test.ts',
  'tests/identity/certificate-review.test.ts',
  'tests/identity/saml/metadata.test.ts',
  'tests/platform/memory.test.ts',
  'tests/unusual/memory.test.ts',
  'tests/threats/d/availability-store.test.ts',
  'tests/threats/d/availability.test.ts'
])

/** How many files a process runs at most. With more of them one long group is left at the end of a run, and one processor waits. */
const mostFiles = 24

/**
 * The files of each room together, in pieces of even size; the rooms with most files first, because a long group that begins last makes a run longer.
 * @param {readonly string[]} files Paths from the root of the project, `tests/ROOM/….test.ts`.
 * @returns {string[][]}
 */
export function groupsOf(files) {
  /** @type {Map<string, string[]>} */
  const rooms = new Map()
  for (const file of [...files].sort()) {
    const room = alone.has(file) ? file : (file.split('/')[1] ?? '')
    rooms.set(room, [...(rooms.get(room) ?? []), file])
  }
  return [...rooms.values()].flatMap(pieces).sort((one, other) => other.length - one.length)
}

/** @param {readonly string[]} files */
function pieces(files) {
  const size = Math.ceil(files.length / Math.ceil(files.length / mostFiles))
  return Array.from({ length: Math.ceil(files.length / size) }, (_, i) => files.slice(i * size, (i + 1) * size))
}
