/** Loads a configuration from a file, a text, or a few options. */
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { stringify } from 'yaml'
import { type GivenHeaders, withProfile } from '../src/identity/header-profiles.ts'
import { checkConfig } from './checks/checks.ts'
import { ConfigError, Diagnostics, inOrder, type Problem } from './reading/diagnostics.ts'
import { readDocument } from './reading/read-document.ts'
import { readText } from './reading/text-sources.ts'
import { readYaml } from './reading/yaml.ts'
import { type Config, configSchema, type DraftConfig, type DraftSource } from './schema.ts'

export { ConfigError, formatProblem, type Problem } from './reading/diagnostics.ts'
export { type AppConfig, type Config, configSchema, type RuleConfig } from './schema.ts'

const maxBytes = 1024 * 1024

/**
 * From `file`, else FACTORGATE_CONFIG, else ./factorgate.yaml, else /etc/factorgate/factorgate.yaml. The returned `file` is absolute, or
 * null. Never throws for mistakes of people.
 */
export async function loadConfig(
  options: { file?: string; env?: NodeJS.ProcessEnv; cwd?: string } = {}
): Promise<Loaded> {
  const { env = process.env, cwd = process.cwd() } = options
  const named = options.file ?? (env.FACTORGATE_CONFIG || undefined)
  const candidates = named === undefined ? ['factorgate.yaml', '/etc/factorgate/factorgate.yaml'] : [named]
  for (const [at, name] of candidates.entries()) {
    const file = path.resolve(cwd, name)
    const content = await contentOf(file, name)
    if (typeof content === 'string') return parseNamed(content, file, name, env)
    if (content.isAbsent && named === undefined) continue
    // With runuser, the working directory is often root's: nobody meant a file there.
    if (content.isHidden === true && at + 1 < candidates.length) continue
    const from = options.file === undefined && named !== undefined ? ' (named by FACTORGATE_CONFIG)' : ''
    return { kind: 'bad', file, name, problems: [whole(name, `${content.why}${from}`)] }
  }
  const message = `there is no configuration: neither ${candidates.join(' nor ')} exists. Write one with \`factorgate init\`, give its path with --config, or protect one app without a file: factorgate serve --upstream URL`
  return { kind: 'bad', file: null, name: '', problems: [whole('', message)] }
}

/** `isHidden`: its folder may not be entered, so nobody knows whether it exists. */
interface Missing {
  readonly isAbsent: boolean
  readonly isHidden?: boolean
  readonly why: string
}

async function contentOf(file: string, name: string): Promise<string | Missing> {
  try {
    const bytes = await readFile(file)
    if (bytes.length > maxBytes)
      return { isAbsent: false, why: 'is longer than 1 MiB, which is too long for a configuration; check the path' }
    const read = readText(bytes, name)
    return 'text' in read ? read.text : { isAbsent: false, why: read.not }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return { isAbsent: true, why: 'there is no such file' }
    if (code === 'EACCES' || code === 'EPERM') {
      const isHidden = await stat(file).then(
        () => false,
        () => true
      )
      return {
        isAbsent: false,
        isHidden,
        why: 'this user may not read the file; run the command as its owner, for example with sudo'
      }
    }
    if (code === 'EISDIR') return { isAbsent: false, why: 'is a folder; give the path of a file in it' }
    return { isAbsent: false, why: `cannot be read (${code})` }
  }
}

function whole(file: string, message: string): Problem {
  return { file, line: null, column: null, path: '', message }
}

/** `file` is absolute; `name` is the person's name for it, as in problems. Both are null or empty without a file. */
export type Loaded =
  | {
      readonly kind: 'ok'
      readonly config: Config
      readonly file: string
      readonly name: string
      /** What the file holds. */
      readonly text: string
      readonly warnings: readonly Problem[]
      /** Their changes cause a reload: the configuration, certificates, keys and secrets. */
      readonly files: readonly string[]
      readonly named: ReadonlyMap<string, string>
      /** Files with a secret, with their keys. */
      readonly secrets: ReadonlyMap<string, string>
      /** Remarks of `factorgate check` about settings that may be intended. */
      readonly advice: readonly Problem[]
      problemAt(path: string, message: string): Problem
    }
  | { readonly kind: 'bad'; readonly problems: readonly Problem[]; readonly file: string | null; readonly name: string }

/** Relative paths start at the folder of `file`. Never throws for mistakes of people. */
export function parseConfig(text: string, file: string, env: NodeJS.ProcessEnv = {}): Loaded {
  return parseNamed(text, path.resolve(file), file, env)
}

/** `name` is for messages. */
function parseNamed(text: string, file: string, name: string, env: NodeJS.ProcessEnv): Loaded {
  const diagnostics = new Diagnostics({ file: name, folder: path.dirname(file), env })
  const yaml = readYaml(text, name)
  if (yaml.problems.length > 0) return { kind: 'bad', file, name, problems: inOrder(yaml.problems) }
  const draft = readDocument(configSchema, yaml, diagnostics) as DraftConfig | undefined
  if (draft !== undefined) {
    fillIn(draft)
    checkConfig(draft, Date.now(), diagnostics)
  }
  if (diagnostics.problems.length > 0) return { kind: 'bad', file, name, problems: inOrder(diagnostics.problems) }
  // Every `undefined` in a draft has a problem.
  const config = { ...draft, file } as Config
  return {
    kind: 'ok',
    config,
    file,
    name,
    text,
    warnings: inOrder(diagnostics.warnings),
    files: [file, ...diagnostics.files.keys()],
    named: diagnostics.files,
    secrets: diagnostics.secrets,
    advice: inOrder(diagnostics.advice),
    problemAt: (at, message) => ({ file: name, ...diagnostics.placeOf(at), path: at, message })
  }
}

/** Values that follow from others (`x-derived` in the schema). */
function fillIn(draft: DraftConfig): void {
  const { portal, factors, identity } = draft
  if (portal !== undefined) portal.rpId ??= portal.url?.hostname
  if (factors?.totp !== undefined) factors.totp.issuer ??= portal?.title
  for (const source of identity ?? []) if (source !== undefined && isFromElsewhere(source)) source.title ??= source.id
  const { webauthn } = factors ?? {}
  const { policy } = webauthn ?? {}
  if (policy != null) policy.syncedPasskeys ??= policy.profile === 'aal3' ? 'refuse' : 'allow'
  if (webauthn !== undefined) webauthn.attestation ??= policy?.trustAnchors?.length ? 'direct' : 'none'
  for (const app of draft.apps ?? []) {
    if (app === undefined) continue
    app.title ??= app.id
    // A wrong value is present but empty, and stays so.
    if (app.identityHeaders !== undefined)
      app.identityHeaders = withProfile(app.identityHeaders as GivenHeaders) as typeof app.identityHeaders
  }
}

function isFromElsewhere(source: DraftSource): source is Exclude<DraftSource, { kind?: 'local' }> {
  return source.kind !== 'local'
}

export interface DefaultOptions {
  /** The only app, at `/` of the portal's own address; by default there is none. */
  readonly upstream?: string
  /** 127.0.0.1 */
  readonly listenHost?: string
  /** 8443 */
  readonly listenPort?: number
  /** http://localhost:PORT */
  readonly portalUrl?: string
  /** Factorgate */
  readonly title?: string
  /** The folder of `./var`; by default the working directory. */
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

/** Throws ConfigError, whose message names the option: `--upstream must be …`. */
export function defaultConfig(options: DefaultOptions = {}): Config {
  const { upstream, listenHost = '127.0.0.1', listenPort = 8443, title = 'Factorgate', cwd = process.cwd() } = options
  const url = options.portalUrl ?? `http://localhost:${listenPort}`
  const values = {
    listen: { host: listenHost, port: listenPort },
    portal: { url, title },
    apps: upstream === undefined ? [] : [{ id: 'app', title, url, upstream }]
  }
  // `$${` keeps `${`, since these values come from no file.
  const text = stringify(values).replaceAll('${', () => '$${')
  const parsed = parseConfig(text, path.join(path.resolve(cwd), 'factorgate.yaml'))
  if (parsed.kind === 'ok') return { ...parsed.config, file: null }
  // The two URLs are made from other options, so only a wrong option is named.
  const derived = options.portalUrl === undefined ? ['portal.url', 'apps[0].url'] : ['apps[0].url']
  const own = parsed.problems.filter(({ path: at }) => !derived.includes(at))
  const problems = own.length > 0 ? own : parsed.problems
  const said = problems.map(({ path: at, message }) => `${optionOf[at] ?? at} ${message}`)
  throw new ConfigError(problems, [...new Set(said)].join('; '))
}
