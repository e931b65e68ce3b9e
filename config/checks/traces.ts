/** Checks of `traces`: the file of headers, certificates, and TLS. */
import { readFileSync } from 'node:fs'
import { readHeaderLines } from '../../src/traces/header-lines.ts'
import type { Diagnostics } from '../reading/diagnostics.ts'
import type { DraftConfig } from '../schema.ts'
import { isLoopback } from '../values/addresses.ts'
import { checkAuthorities } from './certificates.ts'

export function checkTraces({ traces }: DraftConfig, now: number, diagnostics: Diagnostics): void {
  if (traces == null) return
  const { endpoint, headersFile, ca } = traces
  if (headersFile != null) checkHeaders(headersFile, diagnostics)
  if (endpoint === undefined) return
  if (endpoint.port === '4317')
    diagnostics.warning(
      'traces.endpoint',
      'has port 4317, where collectors usually take gRPC; the gate sends HTTP, usually to port 4318'
    )
  if (endpoint.isSecure) {
    if (ca != null) checkAuthorities(ca, 'traces.ca', now, diagnostics)
    return
  }
  if (ca != null) diagnostics.problem('traces.ca', 'has no use without https:// in traces.endpoint')
  if (isLoopback(endpoint.host)) return
  if (headersFile != null)
    diagnostics.problem(
      'traces.endpoint',
      'must begin with https://, otherwise others on the network can read the headers'
    )
  else
    diagnostics.warning(
      'traces.endpoint',
      'is plain http to another machine: others on the network can read the traces'
    )
}

function checkHeaders(file: string, diagnostics: Diagnostics): void {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return diagnostics.problem('traces.headersFile', `names a file that cannot be read: ${code}`)
  }
  const read = readHeaderLines(text)
  if ('problem' in read) diagnostics.problem('traces.headersFile', `${file} ${read.problem}`)
}
