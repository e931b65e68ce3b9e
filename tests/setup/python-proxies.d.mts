export const proxyFolders: readonly string[]
export function installPythonProxies(): boolean
