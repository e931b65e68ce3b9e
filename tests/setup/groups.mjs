/** Which test files run in one process, one after the other, when all of them run. */

/** Files that run alone, because they measure their process or one that they start, catch what all of it throws or look at what it has loaded. groups.test.ts finds those that are missing here. */
export const alone = new Set([
  'tests/config/public-suffixes.test.ts',
  'tests/field/wire-staged-close.test.ts',
  'tests/forwarding/flow.test.ts',
  'tests/forwarding/inbound.test.ts',
  'tests/identity/certificate-review.test.ts',
  'tests/identity/saml/metadata.test.ts',
  'tests/kept/body-fields.test.ts',
  'tests/platform/memory.test.ts',
  'tests/store/lmdb/lost-write.test.ts',
  'tests/unusual/countries.test.ts',
  'tests/unusual/memory.test.ts',
  'tests/threats/d/availability-store.test.ts',
  'tests/threats/d/availability.test.ts',
  'tests/threats/d/many-sockets.test.ts'
])

/** How many files a process runs at most. With more of them one long group is left at the end of a run, and one processor waits. */
const mostFiles = 40

/**
 * The files of each room together, in pieces of even size, and small rooms with each other, since each process takes a second to load tap, Fastify and the
 * gate; the groups with most files first, because a long group that begins last makes a run longer.
 * @param {readonly string[]} files Paths from the root of the project, `tests/ROOM/….test.ts`.
 * @returns {string[][]}
 */
export function groupsOf(files) {
  /** @type {Map<string, string[]>} */
  const rooms = new Map()
  for (const file of [...files].filter(file => !alone.has(file)).sort()) {
    const room = file.split('/')[1] ?? ''
    rooms.set(room, [...(rooms.get(room) ?? []), file])
  }
  const groups = joined([...rooms.values()].flatMap(pieces).sort(longestFirst))
  return [...groups, ...files.filter(file => alone.has(file)).map(file => [file])].sort(longestFirst)
}

/** @param {readonly string[]} one @param {readonly string[]} other */
const longestFirst = (one, other) => other.length - one.length

/** @param {readonly string[]} files */
function pieces(files) {
  const size = Math.ceil(files.length / Math.ceil(files.length / mostFiles))
  return Array.from({ length: Math.ceil(files.length / size) }, (_, i) => files.slice(i * size, (i + 1) * size))
}

/**
 * Puts each group that fills at most half a process into the first process of such groups that has room for it.
 * @param {readonly string[][]} groups
 */
function joined(groups) {
  const isSmall = /** @param {readonly string[]} group */ group => group.length <= mostFiles / 2
  /** @type {string[][]} */
  const shared = []
  for (const group of groups.filter(isSmall)) {
    const fitting = shared.find(({ length }) => length + group.length <= mostFiles)
    if (fitting === undefined) shared.push([...group])
    else fitting.push(...group)
  }
  return [...groups.filter(group => !isSmall(group)), ...shared]
}
