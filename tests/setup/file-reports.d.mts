export interface FileReport {
  readonly file: string
  readonly isOk: boolean
  readonly ms: number
  readonly lines: string[]
}
export class FileReports {
  constructor(files: readonly string[], onReport: (report: FileReport) => void)
  readonly counts: Record<string, number> | null
  write(chunk: string): void
  end(): string[]
}
