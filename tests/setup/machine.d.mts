/** The types of machine.mjs, which runs before anything is compiled. */
export function whereIs(program: string): string | null
export function mayInstall(): string[] | null
