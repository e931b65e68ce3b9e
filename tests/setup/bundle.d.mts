export const bundled: string
export function isBundled(): boolean
export function bundle(): Promise<void>
