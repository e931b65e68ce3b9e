/** Checks of `listen.tls` and its `acme`: files or an authority, and what the authority needs to reach the gate. */
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { Diagnostics } from '../reading/diagnostics.ts'
import type { DraftConfig } from '../schema.ts'
import { isLoopback } from '../values/addresses.ts'
import { checkAuthority } from './certificates.ts'
import { lookAt } from './place.ts'

type DraftAcme = NonNullable<NonNullable<NonNullable<DraftConfig['listen']>['tls']>['acme']>
type Hosts = readonly { readonly path: string; readonly host: string }[]

/** True if the certificate stands in files, which have checks of their own. */
export function checkListenTls(
  { listen, trustedProxies }: Pick<DraftConfig, 'listen' | 'trustedProxies'>,
  hosts: Hosts,
  diagnostics: Diagnostics
): boolean {
  const tls = listen?.tls
  if (!tls) return false
  const { acme } = tls
  if (acme === undefined) return false
  if (acme === null) {
    const missing = (['cert', 'key'] as const).filter(name => tls[name] === null)
    if (missing.length === 2) diagnostics.problem('listen.tls', 'needs cert and key, or acme')
    else for (const name of missing) diagnostics.problem(`listen.tls.${name}`, 'is missing: a path')
    return true
  }
  for (const name of ['cert', 'key'] as const)
    if (tls[name] != null)
      diagnostics.problem(`listen.tls.${name}`, 'cannot stand beside listen.tls.acme: keep one of the two')
  checkAcme(acme, hosts, diagnostics)
  checkReach(acme, { listen, trustedProxies }, diagnostics)
  return false
}

function checkAcme(acme: DraftAcme, hosts: Hosts, diagnostics: Diagnostics): void {
  const at = (key: string) => `listen.tls.acme.${key}`
  if (acme.agreeToTerms === false || acme.agreeToTerms === null)
    diagnostics.problem(
      at('agreeToTerms'),
      'must be true: read the terms of the authority, and write agreeToTerms: true if you agree'
    )
  if (acme.ca != null) checkAuthority(acme.ca, at('ca'), diagnostics)
  if (acme.eab?.keyFile !== undefined) checkEabKey(acme.eab.keyFile, at('eab.keyFile'), diagnostics)
  const folder = acme.folder == null ? null : lookAt(acme.folder)
  if (typeof folder === 'string') diagnostics.problem(at('folder'), folder)
  else if (folder?.isDirectory() === false)
    diagnostics.problem(at('folder'), 'must be a folder, and there is a file of this name')
  if (hosts.length === 0)
    diagnostics.warning(
      'listen.tls.acme',
      'gets no certificate: no address of the portal or of an app begins with https'
    )
  if (acme.directory === undefined || isLoopback(new URL(acme.directory).hostname)) return
  for (const { path, host } of hosts)
    if (isLoopback(host) || (isIP(host) === 0 && !host.includes('.')))
      diagnostics.advise(
        path,
        `an authority that browsers know issues no certificate for ${host}: use a whole name, or an authority of your own`
      )
}

/** Whether the authority can ask the gate. It always asks port 80 or 443. */
function checkReach(
  { challenge }: DraftAcme,
  { listen, trustedProxies }: Pick<DraftConfig, 'listen' | 'trustedProxies'>,
  diagnostics: Diagnostics
): void {
  const path = 'listen.tls.acme.challenge'
  if (challenge === 'http-01' && listen?.http === null)
    return diagnostics.problem(
      diagnostics.isGiven(path) ? path : 'listen.tls.acme',
      'http-01 needs listen.http beside it, because the authority asks on port 80: set listen.http, or challenge: tls-alpn-01'
    )
  if (trustedProxies?.length !== 0 || listen?.proxyProtocol !== null) return
  const [port, key, wanted] =
    challenge === 'http-01'
      ? ([listen?.http?.port, 'listen.http.port', 80] as const)
      : ([listen?.port, 'listen.port', 443] as const)
  if (port !== undefined && port !== 0 && port !== wanted)
    diagnostics.advise(
      key,
      `the authority asks on port ${wanted}, but the gate listens on ${port}: make sure that port ${wanted} is forwarded to it`
    )
}

function checkEabKey(file: string, path: string, diagnostics: Diagnostics): void {
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'it may not be read' : code
    diagnostics.problem(path, `must name a readable file; ${why}`)
    return
  }
  if (!/^[A-Za-z0-9_-]{16,}={0,2}$/.test(text))
    diagnostics.problem(path, 'its content must be the key in base64url, as the authority shows it')
}
