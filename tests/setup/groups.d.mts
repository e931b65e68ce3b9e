export const alone: ReadonlySet<string>
export function groupsOf(files: readonly string[]): string[][]
