export const exposes: readonly string[]
export function useHooks(url: URL): Promise<void>
