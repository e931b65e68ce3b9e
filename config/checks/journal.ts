/** Checks of `journal.export`: TLS, certificates, tokens, and ids that occur twice. */
import type { Diagnostics } from '../reading/diagnostics.ts'
import type { DraftConfig } from '../schema.ts'
import { isLoopback } from '../values/addresses.ts'
import type { ExportTarget } from '../values/export-targets.ts'
import { checkAuthorities, readPair } from './certificates.ts'

type DraftExport = NonNullable<NonNullable<NonNullable<NonNullable<DraftConfig['journal']>['export']>[number]>>

export function checkJournal({ journal }: DraftConfig, now: number, diagnostics: Diagnostics): void {
  const seen = new Map<string, number>()
  journal?.export?.forEach((one, index) => {
    if (one === undefined) return
    const path = `journal.export[${index}]`
    const first = one.id === undefined ? undefined : seen.get(one.id)
    if (one.id !== undefined && first === undefined) seen.set(one.id, index)
    if (first !== undefined) diagnostics.problem(`${path}.id`, `must differ from journal.export[${first}].id`)
    if (one.to?.kind === 'file' && one.to.path === journal.file)
      diagnostics.problem(`${path}.to`, 'must not be the journal itself')
    if (one.to !== undefined) checkKeys(one, one.to, path, now, diagnostics)
  })
}

function checkKeys(one: DraftExport, to: ExportTarget, path: string, now: number, diagnostics: Diagnostics): void {
  const isTls = (to.kind === 'syslog' && to.transport === 'tls') || (to.kind === 'collector' && to.isSecure)
  for (const key of ['ca', 'cert', 'key'] as const)
    if (one[key] != null && !isTls) diagnostics.problem(`${path}.${key}`, `has no use without TLS in ${path}.to`)
  for (const [key, isGiven] of [
    ['tokenFile', one.tokenFile != null],
    ['gzip', one.gzip === true]
  ] as const)
    if (isGiven && to.kind !== 'collector') diagnostics.problem(`${path}.${key}`, 'is for an https:// collector')
  if (isTls) {
    if (one.ca != null) checkAuthorities(one.ca, `${path}.ca`, now, diagnostics)
    checkPair(one, path, diagnostics)
  }
  if (to.kind === 'file') {
    if (one.unsafePlain === true) diagnostics.problem(`${path}.unsafePlain`, 'has no use for a file')
    return
  }
  if (isTls || isLoopback(to.host)) return
  if (one.unsafePlain !== true)
    diagnostics.problem(
      `${path}.to`,
      `sends the journal without TLS: others on the network can read and change it. Use ${to.kind === 'syslog' ? 'syslog+tls://' : 'https://'}, or add unsafePlain: true`
    )
  else
    diagnostics.warning(
      `${path}.unsafePlain`,
      'the journal is sent without TLS: others on the network can read and change it'
    )
}

function checkPair({ cert, key }: DraftExport, path: string, diagnostics: Diagnostics): void {
  if (cert == null && key == null) return
  if (cert == null) diagnostics.problem(`${path}.key`, `needs ${path}.cert beside it`)
  else if (key == null) diagnostics.problem(`${path}.cert`, `needs ${path}.key beside it`)
  else readPair({ cert, key }, path, diagnostics)
}
