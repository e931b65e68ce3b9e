/** Checks of `listen.http`: its port is free for it, and there is an https address to redirect to. */
import type { Diagnostics } from '../reading/diagnostics.ts'
import type { DraftConfig } from '../schema.ts'

export function checkPlainHttp(
  { listen, admin, portal, apps }: Pick<DraftConfig, 'listen' | 'admin' | 'portal' | 'apps'>,
  diagnostics: Diagnostics
): void {
  const http = listen?.http
  if (!http) return
  const others = [
    { path: 'listen.port', host: listen.host, port: listen.port },
    ...(admin ? [{ path: 'admin.port', host: admin.host, port: admin.port }] : [])
  ]
  const host = http.host ?? listen.host
  for (const other of others)
    if (http.port !== undefined && http.port !== 0 && other.port === http.port && isSamePlace(host, other.host))
      diagnostics.problem('listen.http.port', `must differ from ${other.path}: both are ${http.port}`)
  const urls = [portal?.url, ...(apps ?? []).map(app => app?.url)]
  if (!urls.includes(undefined) && !urls.some(url => url?.secure))
    diagnostics.warning('listen.http', 'is of no use: no address of the portal or of an app begins with https')
}

/** True if two listeners cannot share a port. */
function isSamePlace(one: string | undefined, other: string | undefined): boolean {
  return one === other || [one, other].some(host => host === '0.0.0.0' || host === '::')
}
