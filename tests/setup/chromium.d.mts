/** The types of chromium.mjs, which runs before anything is compiled. */
export const executablePath: string
export const args: string[]
