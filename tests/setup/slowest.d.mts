/** The types of slowest.mjs, which runs before anything is compiled. */
export function slowest(folder: string, began: number, count: number): { file: string; ms: number }[]
