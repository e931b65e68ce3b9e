export function keepUntilTheEnd(): void
export function endAll(): Promise<void>
export function isKeptUntilTheEnd(): boolean
export function atEndOfProcess(end: () => Promise<void>): void
