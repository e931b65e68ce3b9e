/**
 * The portal with everything real behind it but the store (in memory), the clock (turned by the test) and the apps (a line of text): the
 * very steps of the pipeline, the very services, two apps on two hosts.
 */
import { createHmac } from 'node:crypto'
import Fastify, { type FastifyInstance } from 'fastify'
import { acceptPlugin } from '../../plugins/accept.ts'
import { enforcePlugin } from '../../plugins/enforce.ts'
import { errorsPlugin } from '../../plugins/errors.ts'
import { exchangePlugin, readRequestLine } from '../../plugins/exchange.ts'
import { formPage } from '../../plugins/form-page.ts'
import { framePageHeaders } from '../../plugins/frame-page.ts'
import { matchPlugin } from '../../plugins/match.ts'
import { type PortalOptions, pageHeaders, portalPlugin, renderError, renderFramed } from '../../plugins/portal/index.ts'
import { ownAnswersPlugin } from '../../plugins/security-headers.ts'
import { sessionPlugin } from '../../plugins/session.ts'
import { ReturnTargets } from '../../src/apps/return-targets.ts'
import { type App, RouteTable } from '../../src/apps/route-table.ts'
import type { AuditEvent } from '../../src/audit/event.ts'
import { Credentials } from '../../src/factor/credential.ts'
import { factorKinds } from '../../src/factor/proof.ts'
import { RecoveryCodes } from '../../src/factor/recovery-code.ts'
import { Totp, type TotpOptions } from '../../src/factor/totp.ts'
import { Webauthn } from '../../src/factor/webauthn.ts'
import { Accounts } from '../../src/identity/accounts.ts'
import { Invitations } from '../../src/identity/invitations.ts'
import { LocalDirectory } from '../../src/identity/local.ts'
import { PasswordLogin } from '../../src/identity/password/password-login.ts'
import { makeKeyring, newMasterKey } from '../../src/keyring/keyring.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import type { Rule } from '../../src/policy/policy.ts'
import { makeClientReader } from '../../src/request/client.ts'
import { SessionCache } from '../../src/session/session-cache.ts'
import { Sessions } from '../../src/session/sessions.ts'
import { AttemptLimiter } from '../../src/throttle/attempt-limiter.ts'
import { cheapHasher } from '../fixtures/in-process/cheap-hasher.ts'
import { MemoryStore, TestClock } from '../helpers/memory-store.ts'

const mfa = { access: 'mfa', requirement: { factors: factorKinds, withinSeconds: null } } as const

const notebookRules: Rule[] = [
  { path: '/exports/**', outcome: { access: 'mfa', requirement: { factors: factorKinds, withinSeconds: 300 } } },
  { path: '/keys/**', outcome: { access: 'mfa', requirement: { factors: ['webauthn'], withinSeconds: null } } },
  { groups: ['researchers'], outcome: mfa }
]

const hasher = cheapHasher()

export type House = Awaited<ReturnType<typeof openHouse>>

/** A gate on `port` (0: for `inject` alone), with `ada` invited. */
export async function openHouse(
  t: { teardown(handler: () => unknown): void },
  options: { port?: number; look?: object; titles?: { notebooks?: string } } = {}
) {
  const port = options.port ?? 80
  const suffix = port === 80 ? '' : `:${port}`
  const portalOrigin = `http://gate.localhost${suffix}`
  const time = new TestClock(options.port === undefined ? undefined : Date.now())
  const clock = options.port === undefined ? time.read : Date.now
  const store = new MemoryStore(clock)
  const keyring = makeKeyring([newMasterKey()])
  const events: AuditEvent[] = []
  const audit = {
    writable: true,
    record: (event: AuditEvent) => void events.push(event),
    commit: async (event: AuditEvent) => void events.push(event)
  }

  const apps = [
    appOf('notebooks', options.titles?.notebooks ?? 'Notebooks', `notebooks.localhost${suffix}`, notebookRules),
    appOf('files', 'Raw data', `files.localhost${suffix}`, [{ outcome: mfa }])
  ]
  const routes = new RouteTable({ apps, portalOrigin })
  const destinations = new ReturnTargets(routes, apps, clock)
  const cache = new SessionCache(store)
  await cache.watch(['session:', 'token:', 'account:'])
  const limits = { idleSeconds: 3600, absoluteSeconds: 86_400, maxPerUser: 5 }
  const sessions = new Sessions({ store, cache, clock, limits })
  const accounts = new Accounts({ store, clock })
  const credentials = new Credentials({ store, clock })
  const limiter = new AttemptLimiter({ store, clock })
  const invitations = new Invitations({ store, clock })
  const local = new LocalDirectory({ store, accounts, hasher, clock })
  const shared = { store, clock, credentials, limiter }
  // A test may change these, as a new configuration would.
  const totpOptions: { -readonly [name in keyof TotpOptions]: TotpOptions[name] } = {
    ...shared,
    keyring: () => keyring,
    issuer: 'Example Lab',
    algorithm: 'SHA1',
    digits: 6,
    period: 30,
    skew: 1
  }
  const services = {
    sessions,
    accounts,
    credentials,
    invitations,
    localDirectory: local,
    passwordLogin: new PasswordLogin({ store, clock, accounts, directories: [local], limiter }),
    totp: new Totp(totpOptions),
    webauthn: new Webauthn({
      ...shared,
      keyring: () => keyring,
      rpId: 'gate.localhost',
      rpName: 'Example Lab',
      origins: [portalOrigin],
      userVerification: 'required',
      attestation: 'none'
    }),
    recoveryCodes: new RecoveryCodes({ store, clock, keyring: () => keyring, limiter, count: 10 })
  }
  const look = { title: 'Example Lab', contact: 'helpdesk@lab.example', accent: null, ...options.look }
  const portal: PortalOptions = {
    ...look,
    portalOrigin,
    services,
    keyring: () => keyring,
    routes: {
      appsFor: (principal, address) =>
        destinations.appsFor(principal, address).map(({ id, title, description, origin }) => ({
          id,
          title,
          description,
          url: `${origin}/`,
          lastUsedAt: null
        })),
      requirementFor: (url, principal, address, message) =>
        destinations.requirementFor(url, principal, address, message)
    },
    returnTargets: url => destinations.accept(url),
    audit,
    clock
  }

  const app: FastifyInstance = Fastify({ rewriteUrl: readRequestLine, exposeHeadRoutes: false, bodyLimit: 16 * 1024 })
  const posts: string[] = []
  app.addHook('onRoute', ({ method, url }) => {
    if (method === 'POST') posts.push(url)
  })
  await app.register(exchangePlugin, { clock })
  await app.register(errorsPlugin, {
    renderPage: ({ code, request, retryAfterSeconds, wayOn }) => ({
      html: renderError(code, {
        ...look,
        reference: request.exchange.id,
        appTitle: request.exchange.known.match?.kind === 'app' ? request.exchange.known.match.app.title : null,
        unsent: wayOn === undefined || request.method === 'GET' ? null : { href: wayOn, isForeign: false },
        portalOrigin,
        retryAfterSeconds,
        again: wayOn ?? formPage(request)
      }),
      headers: pageHeaders()
    })
  })
  await app.register(ownAnswersPlugin, {
    routes,
    portalOrigin,
    renderStep: () => ({ html: renderFramed('signIn', portalOrigin, look), headers: framePageHeaders(routes.sites) })
  })
  await app.register(acceptPlugin, { readClient: makeClientReader([]) })
  await app.register(matchPlugin, { routes })
  await app.register(sessionPlugin, { sessions })
  await app.register(enforcePlugin, { routes, portalOrigin, audit, clock })
  app.get('/', async (request, reply) => {
    const { raw } = request.exchange.target
    return raw === '/elsewhere' ? reply.redirect(`http://third.localhost${suffix}/`, 302) : `app: ${raw}`
  })
  await app.register(portalPlugin, { portal })
  if (options.port === undefined) await app.ready()
  else await app.listen({ host: '127.0.0.1', port: options.port })
  t.teardown(async () => {
    app.server.closeAllConnections()
    await app.close()
    cache.close()
  })

  const ada = await accounts.create({ name: 'ada', displayName: 'Ada Lovelace', groups: ['researchers'] })
  const invite = async (id = ada.id) => `${portalOrigin}/.factorgate/invite/${await invitations.issue(id)}`
  return {
    app,
    posts,
    portal,
    store,
    time,
    clock,
    events,
    sessions,
    accounts,
    credentials,
    services,
    totpOptions,
    ada,
    invite,
    portalOrigin,
    apps,
    audit,
    keyring
  }
}

function appOf(id: string, title: string, host: string, rules: Rule[]): App {
  return {
    id,
    title,
    description: `What ${title} is for.`,
    origin: `http://${host}`,
    host,
    prefix: '',
    upstreams: [{ origin: 'http://127.0.0.1:9', socketPath: null, basePath: '' }],
    policy: compilePolicy(rules, false),
    identityHeaders: { user: null, name: null, email: null, groups: null },
    addHeaders: {},
    preserveHost: true,
    assertion: false,
    allowedOrigins: [],
    connectTimeoutMs: 1000,
    responseTimeoutMs: 1000,
    maintenance: null
  }
}

/** RFC 6238 for a base32 secret: what an authenticator app shows at `now`, or `steps` away from it. */
export function codeAt(secret: string, now: number, steps = 0): string {
  let bits = ''
  for (const letter of secret) bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map(byte => Number.parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(now / 30_000) + steps))
  const mac = createHmac('sha1', key).update(counter).digest()
  const at = (mac.at(-1) as number) & 15
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}
