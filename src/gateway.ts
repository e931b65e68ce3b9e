/**
 * The composition root: the pipeline in its order, and the surfaces people see. Translates Config into the small options that each
 * part takes. Order is security, so it stands here, once, to be read from top to bottom.
 */
import Fastify, { type FastifyInstance } from 'fastify'
import type { AppConfig, Config, RuleConfig } from '../config/schema.ts'
import { acceptPlugin } from '../plugins/accept.ts'
import { auditPlugin } from '../plugins/audit.ts'
import { enforcePlugin } from '../plugins/enforce.ts'
import { errorsPlugin } from '../plugins/errors.ts'
import { exchangePlugin, readRequestLine } from '../plugins/exchange.ts'
import { forwardPlugin } from '../plugins/forward.ts'
import { matchPlugin } from '../plugins/match.ts'
import { portalPlugin } from '../plugins/portal/index.ts'
import { sessionPlugin } from '../plugins/session.ts'
import { Destinations } from './destinations.ts'
import { RecoveryCodes } from './factor/recovery-code.ts'
import { Totp } from './factor/totp.ts'
import { Webauthn } from './factor/webauthn.ts'
import { PasswordLogin } from './identity/password-login.ts'
import type { Policy, Rule } from './policy/policy.ts'
import { compilePolicy } from './policy/policy.ts'
import { makeClientReader } from './routing/client.ts'
import { type App, RouteTable } from './routing/route-table.ts'
import type { Runtime } from './runtime.ts'
import type { SessionLimits } from './session/sessions.ts'

/** Every step that must stand before a byte is forwarded; a gateway without one refuses to start. */
const steps = ['errors', 'exchange', 'accept', 'match', 'session', 'enforce', 'forward', 'audit', 'portal'] as const

/** The whole pipeline for one configuration, ready to be given requests. Rejects where a step is missing or refuses its options. */
export async function buildGateway(config: Config, runtime: Runtime): Promise<FastifyInstance> {
  const { clock, log, journal: audit, sessions, live, meters } = runtime
  const portalOrigin = config.portal.url.origin
  const apps = config.apps.map(toApp)
  const routes = new RouteTable({ apps, portalOrigin })
  const destinations = new Destinations(routes, apps, clock)
  const look = { title: config.portal.title, contact: config.portal.contact, accent: config.portal.accent }

  const app = Fastify({
    loggerInstance: log,
    disableRequestLogging: true,
    trustProxy: false,
    rewriteUrl: readRequestLine,
    bodyLimit: 16 * 1024,
    exposeHeadRoutes: false
  })
  await app.register(exchangePlugin, { clock })
  await app.register(acceptPlugin, { readClient: makeClientReader(config.trustedProxies) })
  await app.register(matchPlugin, { routes })
  await app.register(sessionPlugin, { sessions })
  await app.register(enforcePlugin, { portalOrigin, audit, clock })
  await app.register(forwardPlugin, {})
  await app.register(auditPlugin, { audit, clock })

  await app.register(errorsPlugin, {})
  await app.register(portalPlugin, {
    ...look,
    portalOrigin,
    codeDigits: config.factors.totp.digits,
    services: servicesOf(config, runtime),
    keyring: () => runtime.keyring,
    routes: {
      appsFor: async (principal, address) => {
        const cards = destinations
          .appsFor(principal, address)
          .map(async ({ id, title, description, origin, prefix }) => ({
            id,
            title,
            description,
            url: `${origin}${prefix}/`,
            lastUsedAt: await runtime.appUse.last(principal.account.id, id)
          }))
        return Promise.all(cards)
      },
      requirementFor: (url, principal, address) => destinations.requirementFor(url, principal, address)
    },
    returnTargets: url => destinations.accept(url),
    audit,
    clock
  })
  await app.ready()
  for (const step of steps) if (!app.hasPlugin(step)) throw new Error(`the pipeline lacks its step '${step}'`)
  return app
}

/** Limits of sessions, in the unit the sessions take. */
export function limitsOf({ session }: Config): SessionLimits {
  return { idleSeconds: session.idle, absoluteSeconds: session.absolute, maxPerUser: session.maxPerUser }
}

function servicesOf(config: Config, runtime: Runtime) {
  const { store, clock, credentials, limiter, accounts, sessions, invitations, local } = runtime
  const { totp, webauthn, recoveryCodes } = config.factors
  const keyring = () => runtime.keyring
  const shared = { store, clock, credentials, limiter }
  return {
    sessions,
    accounts,
    credentials,
    invitations,
    localDirectory: local,
    passwordLogin: new PasswordLogin({ store, clock, accounts, directories: [local], limiter }),
    totp: new Totp({ ...shared, ...totp, keyring }),
    webauthn: new Webauthn({
      ...shared,
      ...webauthn,
      rpId: config.portal.rpId,
      rpName: config.portal.title,
      origins: [config.portal.url.origin]
    }),
    recoveryCodes: new RecoveryCodes({ store, clock, keyring, limiter, count: recoveryCodes.count })
  }
}

/** One app of the configuration as the pipeline sees it. */
export function toApp(app: AppConfig): App {
  const { origin, host, prefix } = app.url
  return {
    id: app.id,
    title: app.title,
    description: app.description,
    origin,
    host,
    prefix,
    upstreams: app.upstream,
    policy: toPolicy(app),
    identityHeaders: app.identityHeaders,
    addHeaders: app.addHeaders,
    preserveHost: app.preserveHost,
    assertion: app.assertion,
    allowedOrigins: app.allowedOrigins,
    connectTimeoutMs: app.timeouts.connect * 1000,
    responseTimeoutMs: app.timeouts.response * 1000,
    maintenance: app.maintenance
  }
}

function toPolicy({ rules, caseSensitive }: AppConfig): Policy {
  return compilePolicy(rules.map(toRule), caseSensitive)
}

function toRule({ access, factors, within, path, methods, groups, users, networks }: RuleConfig): Rule {
  const outcome = access === 'mfa' ? { access, requirement: { factors, withinSeconds: within } } : { access }
  return { path, methods, groups, users, networks, outcome } as Rule
}
