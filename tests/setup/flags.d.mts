export const flagsOfV8: readonly string[]
