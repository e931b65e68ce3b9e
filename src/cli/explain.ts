/** `factorgate explain`: what the gate would decide about a request, and why. It asks the same `authorize()`. Read-only. */
import { existsSync } from 'node:fs'
import type { Config } from '../../config/schema.ts'
import { type AppAccess, type AppMatch, authorize, type Demands, questionOf } from '../apps/authorize.ts'
import { type Match, RouteTable, type Site } from '../apps/route-table.ts'
import { isJustProved } from '../decoys/touch.ts'
import type { Binding } from '../device/binding.ts'
import { subjectOf } from '../identity/account.ts'
import type { Subject } from '../identity/subject.ts'
import { visible } from '../messages/visible.ts'
import type { Permit } from '../policy/decision.ts'
import { explain } from '../policy/explain.ts'
import { formatExplanation } from '../policy/explain-format.ts'
import { readDial } from '../posture/dial-record.ts'
import { levelAt, type PostureLevel, postureLevels } from '../posture/posture.ts'
import { tighteningOf } from '../posture/tightening-of.ts'
import { parseAddress } from '../request/address.ts'
import { parseTarget, type Target } from '../request/target.ts'
import { toApp } from '../services/app-options.ts'
import { postureTermsOf } from '../services/posture-terms.ts'
import { storedDemands, type WatchQuestion, watchInWords } from '../services/watch-question.ts'
import { readProofs } from './assumed-proofs.ts'
import { type Command, type Io, jsonText, readArgs, UsageError } from './command.ts'
import { configFor, configHelp, configOption, withStore } from './command-context.ts'
import { type DecoyExplanation, describeDecoy } from './explain-decoy.ts'
import { accountsAt } from './user/person.ts'

/** A URL for which no rule is asked. */
type Elsewhere = {
  readonly decision: { readonly kind: 'own' | 'refuse'; readonly reason: string }
  readonly why: string
}

export const command: Command = {
  name: 'explain',
  summary: 'Show what the gate would decide about a request, and why.',
  usage: [
    'factorgate explain --url URL [--method M] [--header LINE]… [--user NAME] [--group G]… [--proof KIND@AGE]… [--from IP] [--posture LEVEL] [--device STATE] [--json]'
  ],
  help: `
  --url URL         the address in the browser. The command does not change the path
  --method METHOD   the method (default: GET)
  --header LINE     a header of the request, such as 'Destination: /x' for a MOVE. Repeat it for more headers
  --user NAME       the person who sends the request. Without it, nobody is signed in
  --group GROUP     a group of the person. Repeat it for more groups. Without it, the groups come from the store
  --proof KIND@AGE  what the person has proved, and how long ago: password@1h, totp@5m, webauthn@30s, recovery@1d, institution@5m (a
                    second factor that their institution has checked), directory@1h (a sign-in there). Repeat it for more proofs.
                    Without it: the password and every second factor, just now. A second factor alone adds a first one of the
                    same age
  --from IP         the address of the client (default: 127.0.0.1)
  --posture LEVEL   the posture of the app: normal, elevated or lockdown (default: the one in force)
  --device STATE    the device key of the sign-in: none (the browser has none), fresh (it shows it) or stale (it does not). Default: none
  --json            the decision, and every rule for every reading of the path, for programs
${configHelp}

Exit code 0: the gate forwards the request, or one of its own pages answers it; 1: it does not (it refuses, asks for another proof,
serves a decoy's made-up file, or the person is suspended); 2: wrong usage. For a decoy, the first line says what this request gets, and 'rules' what the rules alone
decide.

Example:
  factorgate explain --url https://notebooks.lab.example/admin/x --user alice --group researchers --proof totp@10m
`,
  async run(args, io) {
    const { values } = readArgs(args, options)
    const { url, user, group, from, proofs, message, posture, device } = readAsked(values, io.clock())
    const config = await configFor(io, values.config)
    const { table, found } = locate(config, url)
    const say = ({ decision, why }: Elsewhere) => {
      io.stdout(values.json ? jsonText({ url, decision }) : `${decision.kind}  ${why}\n`)
      return decision.kind === 'own' ? 0 : 1
    }
    if (found.kind !== 'app') return say(found.elsewhere)
    const { subject, isSuspended } =
      user === undefined ? { subject: null, isSuspended: false } : await subjectNamed(io, values.config, user, group)
    const now = io.clock()
    const { match, target } = found
    const level = await postureOf(io, config, values.config, posture, match.app.id)
    const terms = postureTermsOf(config)
    const scale = level === 'normal' ? 1 : terms.elevated.factor
    const stored = await demandsOf(io, config, values.config, user, { app: match.app, proofs, scale })
    const permits: Permit[] = []
    const demands: Demands = {
      on(app, permit, who, token) {
        permits.push(permit)
        return stored === null ? null : stored.on(app, permit, who, token)
      }
    }
    const tighten = tighteningOf(() => level, terms)
    const gate = { routes: table, clock: () => now, audit: null, tighteningOf: tighten, demands }
    const principal = subject === null ? null : { subject, proofs, session: { id: '' } }
    const binding = match.app.isDeviceBound === true ? device : 'none'
    const request = { match, target, client: { address: from }, principal, binding, storeFailure: null }
    const access = authorize(gate, request, message)
    const question = questionOf(gate, request, match, message)
    if (question === null || (access.kind === 'refuse' && access.decision === null)) return say(unasked(access))
    const explanation = explain(question, decisionOf(access))
    const decoy = describeDecoy({
      match,
      routes: table,
      query: target.query,
      ...message,
      address: from,
      subject: binding === 'stale' ? null : subject,
      signedIn: binding === 'stale' ? 'nobody' : explanation.signedIn,
      isJustProved: isJustProved(proofs, now),
      rules: explanation.decision,
      rulesForStrangers: decisionOf(
        authorize({ ...gate, demands: null }, { ...request, principal: null, binding: 'none' }, message)
      ),
      takesTwo: config.watch?.resume.afterDecoy === 'two-operators',
      isTelling: config.notify !== null
    })
    if (level !== 'normal') io.stderr(`note: the posture of ${match.app.id} is ${level}\n`)
    const watch = permits.flatMap(permit => watchInWords(config, match.app, permit))
    if (values.json) io.stdout(jsonText({ url, posture: level, isSuspended, ...explanation, ...asJson(watch, decoy) }))
    else {
      io.stdout(formatExplanation(explanation, decoy?.heading ?? null) + section('watch', watch))
      io.stdout(section('decoy', decoy?.others ?? []))
    }
    return !isSuspended && (decoy?.decision ?? explanation.decision).kind === 'forward' ? 0 : 1
  }
}

const options = {
  ...configOption,
  url: { type: 'string' },
  method: { type: 'string' },
  header: { type: 'string', multiple: true },
  user: { type: 'string' },
  group: { type: 'string', multiple: true },
  proof: { type: 'string', multiple: true },
  from: { type: 'string' },
  posture: { type: 'string' },
  device: { type: 'string' },
  json: { type: 'boolean' }
} as const

/** Throws UsageError. */
function readAsked(values: ReturnType<typeof readArgs<typeof options>>['values'], now: number) {
  const { url, user, group, method = 'GET', from = '127.0.0.1', posture, device = 'none' } = values
  if (url === undefined) throw new UsageError('--url is missing')
  if (!/^[A-Z][A-Z-]*$/.test(method))
    throw new UsageError(`--method must be a method in capital letters, such as GET, got '${visible(method)}'`)
  if (parseAddress(from) === null) throw new UsageError(`--from must be an IP address, got '${visible(from)}'`)
  if (user === undefined && (group ?? values.proof) !== undefined)
    throw new UsageError('--group and --proof need --user')
  const proofs = user === undefined ? [] : readProofs(values.proof, now)
  const message = { method, headers: readHeaders(values.header) }
  if (posture !== undefined && !isLevel(posture))
    throw new UsageError(`--posture must be normal, elevated or lockdown, got '${visible(posture)}'`)
  if (!isBinding(device)) throw new UsageError(`--device must be none, fresh or stale, got '${visible(device)}'`)
  return { url, user, group, from, proofs, message, posture, device }
}

const isBinding = (word: string): word is Binding => word === 'none' || word === 'fresh' || word === 'stale'
const isLevel = (word: string): word is PostureLevel => (postureLevels as readonly string[]).includes(word)

/** The posture as given, or as it is now. It is normal if the store cannot be read, which is said. */
async function postureOf(
  io: Io,
  { store }: Config,
  file: string | undefined,
  given: string | undefined,
  app: string
): Promise<PostureLevel> {
  if (given !== undefined && isLevel(given)) return given
  // A gate that has never run has no posture.
  if (store.kind === 'embedded' && !existsSync(store.path)) return 'normal'
  let level: PostureLevel = 'normal'
  try {
    await withStore(io, { config: file, changes: 'nothing' }, async ({ store, clock }) => {
      const dial = await readDial(store)
      level = dial === null ? 'elevated' : levelAt(dial, app, clock())
      return 0
    })
  } catch (error) {
    io.stderr(`note: ${inSentence(error)}; the posture is taken for normal (--posture)\n`)
  }
  return level
}

/** The message for the middle of a sentence. */
function inSentence(error: unknown): string {
  return (error as Error).message.replace(/\.$/, '')
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `\n${title}\n${lines.map(line => `  ${line}\n`).join('')}`
}

/** `decision` is what the request gets, also from a decoy; `decoy.rules` what the rules alone decide. */
function asJson(watch: readonly string[], decoy: DecoyExplanation | null) {
  const more = watch.length === 0 ? {} : { watch }
  return decoy === null ? more : { ...more, decision: decoy.decision, decoy }
}

/** The demands that the store knows. If it cannot be read, this is said, and only the rules decide. */
async function demandsOf(
  io: Io,
  config: Config,
  file: string | undefined,
  user: string | undefined,
  asked: Omit<WatchQuestion, 'account'>
): Promise<Demands | null> {
  const { watch, store } = config
  if (watch == null || (watch.budgets.length === 0 && watch.unusual == null)) return null
  if (store.kind === 'embedded' && !existsSync(store.path)) return null
  let demands: Demands | null = null
  try {
    await withStore(io, { config: file, changes: 'nothing' }, async place => {
      const account = user === undefined ? null : ((await accountsAt(place).byName(user))?.id ?? null)
      demands = await storedDemands(config, place.store, io.clock, { ...asked, account })
      return 0
    })
  } catch (error) {
    io.stderr(`note: ${inSentence(error)}; what the watch asks of the person is left out\n`)
  }
  return demands
}

type Located = { kind: 'app'; match: AppMatch; target: Target } | { kind: 'elsewhere'; elsewhere: Elsewhere }

/** Finds the URL's app in the gate's table. The path stays raw for the explanation. */
function locate(config: Config, url: string): { table: RouteTable; found: Located } {
  // The parts without user name, password and fragment, as in a browser.
  const [, scheme = '', host = '', rest = ''] = /^(https?):\/\/(?:[^/?#]*@)?([^/?#]*)([^#]*)/i.exec(url) ?? []
  if (scheme === '') throw new UsageError(`--url must begin with http:// or https://, got '${visible(url)}'`)
  const table = new RouteTable({
    apps: config.apps.map(app => toApp(app, config.portal.url.origin, config.apps, config.watch)),
    portalOrigin: config.portal.url.origin
  })
  return { table, found: find(table, scheme, host, rest) }
}

function find(table: RouteTable, scheme: string, host: string, rest: string): Located {
  const site = table.site(host)
  if (site !== null && !site.origin.startsWith(`${scheme.toLowerCase()}:`))
    return elsewhere('refuse', 'misdirected', `misdirected: the gate serves ${site.host} as ${site.origin}`)
  // A request line is bytes; the terminal gives text.
  const bytes = Buffer.from(rest, 'utf8').toString('latin1')
  const target = parseTarget(bytes.startsWith('/') ? bytes : `/${bytes}`)
  if (target === null)
    return elsewhere('refuse', 'bad_request', 'bad_request: the path is not valid; the gate answers 400')
  const match = table.match(host, target)
  if (match.kind === 'app') return { kind: 'app', match, target }
  if (match.kind === 'own') return elsewhere('own', 'own', "this is one of the gate's own pages; no rule applies")
  return elsewhere('refuse', match.code, whyNone(match.code, table.sites))
}

/** Headers by lower-case name, as in Node. */
function readHeaders(lines: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    lines.map(line => {
      const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):\s*(.*?)\s*$/.exec(line) ?? []
      if (name === undefined || value === undefined)
        throw new UsageError(`--header must be a line such as 'Destination: /x', got '${visible(line)}'`)
      return [name.toLowerCase(), value]
    })
  )
}

/** The decision without the return address. */
function decisionOf(access: AppAccess) {
  if (access.kind === 'forward') return access
  const { kind, reason } = access
  return kind === 'refuse' ? { kind, reason } : { kind, reason, requirement: access.requirement }
}

/** Refusals before any rule. */
function unasked(access: AppAccess): Elsewhere {
  if (access.kind === 'refuse' && access.reason === 'bad_request')
    return {
      decision: { kind: 'refuse', reason: 'bad_request' },
      why: 'bad_request: the Destination header is not valid, or it is outside the app; the gate answers 400'
    }
  return {
    decision: { kind: 'refuse', reason: 'not_allowed' },
    why: "not_allowed: a service worker on the portal's host could read the gate's own pages; give the app its own host"
  }
}

function elsewhere(kind: 'own' | 'refuse', reason: string, why: string): Located {
  return { kind: 'elsewhere', elsewhere: { decision: { kind, reason }, why } }
}

function whyNone(code: (Match & { kind: 'none' })['code'], sites: readonly Site[]): string {
  if (code === 'no_such_app') return 'no_such_app: no app has that path'
  if (code === 'ambiguous_target') return 'ambiguous_target: the path could belong to two apps; the gate answers 400'
  return `misdirected: the gate serves ${sites.map(({ host }) => host).join(', ')} and no other host`
}

/** The subject with groups from the command line or the store. A guess is reported. */
async function subjectNamed(
  io: Io,
  file: string | undefined,
  name: string,
  groups: readonly string[] | undefined
): Promise<{ readonly subject: Subject; readonly isSuspended: boolean }> {
  const assumed: Subject = {
    id: name,
    name: name.trim().toLowerCase(),
    displayName: name,
    email: null,
    groups: groups ?? []
  }
  if (groups !== undefined) return { subject: assumed, isSuspended: false }
  let found: Subject | null = null
  let isSuspended = false
  try {
    await withStore(io, { config: file, changes: 'nothing' }, async place => {
      const account = await accountsAt(place).byName(name)
      isSuspended = account?.suspended != null
      if (account !== null && isSuspended)
        io.stderr(
          `note: ${account.name} is suspended and cannot use any app now (factorgate user show ${account.name} says why, factorgate user resume ${account.name} --why TEXT lets them in again). Without the suspension the rules decide:\n`
        )
      found = account === null ? null : subjectOf(account)
      return 0
    })
    if (found !== null) return { subject: found, isSuspended }
    io.stderr(`note: there is no account '${visible(name)}'; this is the decision for a person without groups\n`)
  } catch (error) {
    io.stderr(
      `note: ${inSentence(error)}; '${visible(name)}' is treated as a person without groups; give the groups with --group\n`
    )
  }
  return { subject: assumed, isSuspended: false }
}
