import type { FileReport } from './file-reports.mjs'
export class Processes {
  constructor(options: { env: NodeJS.ProcessEnv; tell(line: string): void; silenceMs?: number })
  readonly total: string
  run(groups: readonly string[][]): Promise<FileReport[]>
  stop(signal: NodeJS.Signals): void
}
