/** What test files that share a process keep for each other until its end (several.mjs). */

/** @type {(() => Promise<void>)[] | null} */
let ends = null

/** Called before the first file is loaded, where several share this process. */
export function keepUntilTheEnd() {
  ends = []
}

/** Closes what has been kept, the newest first. */
export async function endAll() {
  for (const end of (ends ?? []).reverse()) await end()
}

/** Whether something may stay until the end of this process. A file that runs alone closes all with its tests. */
export function isKeptUntilTheEnd() {
  return ends !== null
}

/** @param {() => Promise<void>} end Closes what stays. */
export function atEndOfProcess(end) {
  ends?.push(end)
}
