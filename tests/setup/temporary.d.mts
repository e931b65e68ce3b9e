export function inMemory(folder?: string, mounts?: string): string | null
