/** The types of holes.mjs, which runs without a translation. */
export interface Covered {
  readonly file: string
  readonly lines: Readonly<Record<number, number>>
  readonly branches: { readonly total: number; readonly covered: number }
}
export function rooms(files: readonly Covered[]): { room: string; lines: number; run: number; branches: number }[]
export function holes(files: readonly Covered[], count: number): { file: string; from: number; to: number }[]
export function isUnloaded(file: Covered): boolean
export function hasCode(text: string): boolean
