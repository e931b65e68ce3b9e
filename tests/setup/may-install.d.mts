/** The types of may-install.mjs, which runs before anything is compiled. Owns nothing besides. */
export function whereIs(program: string): string | null
export function mayInstall(): string[] | null
