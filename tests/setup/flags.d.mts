export const flagsOfV8: readonly string[]
export function flagsKnownTo(program?: string): readonly string[]
