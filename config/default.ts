/** A configuration without a file: one app, everything else default. Owns what `serve --upstream` and the demo run with. */
import path from 'node:path'
import { stringify } from 'yaml'
import { parseConfig } from './parse.ts'
import { ConfigError } from './problems.ts'
import type { Config } from './schema.ts'

export interface DefaultOptions {
  /** The one app, at `/` of the portal's own address; without it there is none. */
  readonly upstream?: string
  /** 127.0.0.1 */
  readonly listenHost?: string
  /** 8443 */
  readonly listenPort?: number
  /** http://localhost:PORT */
  readonly portalUrl?: string
  /** Factorgate */
  readonly title?: string
  /** Where `./var` lies; the working directory. */
  readonly cwd?: string
}

const optionOf: Record<string, string> = {
  'apps[0].upstream': '--upstream',
  'apps[0].url': 'portalUrl',
  'portal.url': 'portalUrl',
  'listen.host': '--listen',
  'listen.port': '--listen',
  'admin.port': '--listen'
}

/** Throws ConfigError, whose message is `--upstream must be …`, for options that cannot be used. */
export function defaultConfig(options: DefaultOptions = {}): Config {
  const { upstream, listenHost = '127.0.0.1', listenPort = 8443, title = 'Factorgate', cwd = process.cwd() } = options
  const url = options.portalUrl ?? `http://localhost:${listenPort}`
  const values = {
    listen: { host: listenHost, port: listenPort },
    portal: { url, title },
    apps: upstream === undefined ? [] : [{ id: 'app', title, url, upstream }]
  }
  // `$${` keeps `${` as it is: these values are no file's, so nothing is filled in.
  const text = stringify(values).replaceAll('${', () => '$${')
  const parsed = parseConfig(text, path.join(path.resolve(cwd), 'factorgate.yaml'))
  if (parsed.kind === 'ok') return { ...parsed.config, file: null }
  // What was made from another option is wrong for its sake: that one is said, once.
  const derived = options.portalUrl === undefined ? ['portal.url', 'apps[0].url'] : ['apps[0].url']
  const own = parsed.problems.filter(({ path: at }) => !derived.includes(at))
  const problems = own.length > 0 ? own : parsed.problems
  const said = problems.map(({ path: at, message }) => `${optionOf[at] ?? at} ${message}`)
  throw new ConfigError(problems, [...new Set(said)].join('; '))
}
