/** How long one test file may take, in milliseconds: as long as `.taprc` gives one that runs alone. */
export const fileTimeoutMs = 300_000
