/** A journal that grows as the gate's does, and an exporter of it to a destination in memory. */
import { renameSync } from 'node:fs'
import path from 'node:path'
import type { Test } from 'tap'
import { ChainFile } from '../../src/audit/chain-file.ts'
import { lineOf } from '../../src/audit/encode-event.ts'
import { Lines } from '../../src/audit/line-buffer.ts'
import { type Destination, ExportFailure } from '../../src/export/destination.ts'
import type { Outgoing } from '../../src/export/export-line.ts'
import { Exporter, type ExporterOptions } from '../../src/export/exporter.ts'

export const now = Date.UTC(2026, 10, 28)

/** A destination that can be away. Without acknowledgements it forgets what was not confirmed when it is reset. */
export class Inbox implements Destination {
  readonly isAcknowledged: boolean
  readonly got: Outgoing[] = []
  #unread: Outgoing[] = []
  isAway = false
  confirms = 0

  constructor({ isAcknowledged = true } = {}) {
    this.isAcknowledged = isAcknowledged
  }

  get names(): unknown[] {
    return this.got.map(({ line }) => line.entry.name)
  }

  async send(lines: readonly Outgoing[]): Promise<void> {
    if (this.isAway) throw new ExportFailure('the collector is away')
    if (this.isAcknowledged) this.got.push(...lines)
    else this.#unread.push(...lines)
  }

  async confirm(): Promise<void> {
    if (this.isAway) throw new ExportFailure('the collector is away')
    this.confirms++
    this.got.push(...this.#unread)
    this.#unread = []
  }

  reset(): void {
    this.#unread = []
  }
}

export function makeJournal(t: Test) {
  const file = path.join(t.testdir({}), 'journal.jsonl')
  let chain = new ChainFile({ path: file, clock: () => now })
  t.teardown(() => chain.close())
  return {
    file,
    async write(...names: string[]): Promise<void> {
      const lines = names.map(name => lineOf({ kind: 'login', at: now, name, outcome: 'accepted' }))
      const appended = await chain.append(Lines.of(lines))
      if (appended.kind === 'failed') throw appended.cause
    },
    /** As logrotate does; the next line begins a new file. */
    rotate(ending: string): string {
      renameSync(file, `${file}${ending}`)
      return `${file}${ending}`
    },
    /** Another process goes on. */
    async reopen(): Promise<void> {
      await chain.close()
      chain = new ChainFile({ path: file, clock: () => now })
    }
  }
}

export function exporterOf(journal: string, destination: Destination, more: Partial<ExporterOptions> = {}) {
  const said = { problems: [] as (string | null)[], missing: 0, sent: 0, failures: 0 }
  const exporter = new Exporter({
    id: 'siem',
    journal,
    destination,
    encode: ({ text }) => text,
    kinds: [],
    clock: () => now,
    chance: () => 0.5,
    observer: {
      onProblem: problem => said.problems.push(problem),
      onSent: lines => {
        said.sent += lines
      },
      onFailure: () => {
        said.failures++
      },
      onMissing: lines => {
        said.missing += lines
      }
    },
    ...more
  })
  return { exporter, said }
}

/** Until there is nothing more to send. */
export async function drain({ step }: { step: Exporter['step'] }): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) if ((await step()).kind !== 'sent') return
  throw new Error('the exporter finds no end')
}
