/** Turn by turn: A B A B, so that other load on the machine affects every side. Only measurements of one turn are compared. */

/** What each side measured, one value a turn. */
export async function alternately<T>(rounds: number, sides: readonly (() => Promise<T>)[]): Promise<T[][]> {
  const measured = sides.map((): T[] => [])
  for (let round = 0; round < rounds; round++) for (const [i, side] of sides.entries()) measured[i]!.push(await side())
  return measured
}

/** `over / under` of each turn. */
export function ratios<T>(over: readonly T[], under: readonly T[], of: (measured: T) => number): number[] {
  return over.map((each, i) => of(each) / of(under[i]!))
}
