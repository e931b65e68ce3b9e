/** Builds the pipeline for one configuration, and the options of each step. */
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyPluginAsync, LogController } from 'fastify'
import type { Config } from '../config/schema.ts'
import { isPublicSuffix } from '../config/values/public-suffixes.ts'
import { acceptPlugin } from '../plugins/accept.ts'
import { auditPlugin, exchangeEvent } from '../plugins/audit.ts'
import { consolePages } from '../plugins/console/index.ts'
import { devicePlugin } from '../plugins/device.ts'
import { enforcePlugin } from '../plugins/enforce.ts'
import { errorsPlugin } from '../plugins/errors.ts'
import { exchangePlugin, readRequestLine } from '../plugins/exchange.ts'
import { explainEndOf } from '../plugins/explain-end.ts'
import { forwardPlugin } from '../plugins/forward.ts'
import { forwardAuthPlugin } from '../plugins/forward-auth.ts'
import { domainSources, framePageHeaders } from '../plugins/frame-page.ts'
import { matchPlugin } from '../plugins/match.ts'
import { noSchemas } from '../plugins/no-schemas.ts'
import { deviceReturn } from '../plugins/portal/device-return.ts'
import { type Branding, errorPages, framedSteps, loginsOf, portalPlugin } from '../plugins/portal/index.ts'
import { resendPlugin } from '../plugins/resend.ts'
import { maxUrlLengthFor } from '../plugins/return-address.ts'
import { securityHeadersPlugin } from '../plugins/security-headers.ts'
import { sessionPlugin } from '../plugins/session.ts'
import { upstreamLoginPlugin } from '../plugins/upstream-login.ts'
import { ReturnTargets } from './apps/return-targets.ts'
import { RouteTable } from './apps/route-table.ts'
import { countingSink } from './audit/audit-metrics.ts'
import type { AuditSink } from './audit/event.ts'
import { limitedLog } from './audit/log-rate-limit.ts'
import { newReference } from './audit/reference.ts'
import { UpstreamRegistry } from './forwarding/upstreams.ts'
import { makeClientReader } from './request/client.ts'
import { appCards } from './services/app-cards.ts'
import { tlsOf, toApp, webauthnOf } from './services/app-options.ts'
import { assertionFor } from './services/assertion.ts'
import { brandingOf } from './services/branding.ts'
import { certificatesOf } from './services/certificate-files.ts'
import { deviceOf } from './services/device.ts'
import { directoriesOf, frontHeadersOf } from './services/directories.ts'
import { directoryWatchers } from './services/directory-watchers.ts'
import { integrityTaps } from './services/integrity.ts'
import { keepingOf } from './services/keeping.ts'
import { loginSteps } from './services/login-steps.ts'
import { usePosture } from './services/posture-terms.ts'
import { recordEnd } from './services/record-end.ts'
import { refusedCredentials } from './services/refused-credentials.ts'
import { tracesOf } from './services/request-traces.ts'
import type { Services } from './services/services.ts'
import { signInServicesOf } from './services/sign-in-services.ts'
import { stillHasAccess } from './services/still-has-access.ts'
import { watchingOf } from './services/watching.ts'
import type { SessionTerms } from './session/terms.ts'
import { SessionTimeLeft } from './session/time-left.ts'
import type { RequirementFor } from './sign-in/next-step.ts'
import { makeSignIn } from './sign-in/sign-in.ts'
import type { CertificateEndInput, certificateEnds } from './watchers/certificate-end.ts'
import { LiveReview } from './watchers/live-review.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly review: LiveReview
    readonly terms: SessionTerms
    /** In seconds since the epoch, by the key in the configuration. */
    readonly certificateEnds: () => ReturnType<typeof certificateEnds>
    /** One for each source of people that could not be asked the last time. */
    readonly institutionTroubles: () => string[]
  }
}

/** In the order in which they run. Security depends on it. */
const plugins = {
  exchange: exchangePlugin,
  errors: errorsPlugin,
  'security-headers': securityHeadersPlugin,
  accept: acceptPlugin,
  match: matchPlugin,
  session: sessionPlugin,
  resend: resendPlugin,
  enforce: enforcePlugin,
  'upstream-login': upstreamLoginPlugin,
  forward: forwardPlugin,
  audit: auditPlugin,
  'forward-auth': forwardAuthPlugin,
  device: devicePlugin,
  portal: portalPlugin
} as const

type Plugins = typeof plugins

/** A test may give a plugin with the step's name. */
export type Steps = { readonly [name in keyof Plugins]: Parameters<Plugins[name]>[1] | FastifyPluginAsync }

/** Rejects if a step is missing or refuses its options. */
export async function buildPipeline(log: FastifyBaseLogger, steps: Steps): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: log,
    genReqId: newReference,
    logController: new LogController({ disableRequestLogging: true }),
    // A child logger per request costs more than all checks.
    childLoggerFactory: logger => logger,
    trustProxy: false,
    rewriteUrl: readRequestLine,
    bodyLimit: 16 * 1024,
    exposeHeadRoutes: false,
    schemaController: noSchemas
  })
  for (const [name, plugin] of Object.entries(plugins)) {
    const step = steps[name as keyof Steps]
    if (typeof step === 'function') await app.register(step)
    else await app.register(plugin as FastifyPluginAsync<object>, step)
  }
  for (const name of Object.keys(plugins))
    if (!app.hasPlugin(name)) throw new Error(`the pipeline lacks its step '${name}'`)
  return app
}

/** `issued`: the certificates that the gate gets itself. */
export async function buildGateway(
  config: Config,
  runtime: Services,
  issued: CertificateEndInput['issued'] = () => []
): Promise<FastifyInstance> {
  const rules = await rulesOf(config, runtime)
  const people = await peopleOf(config, runtime, rules)
  const app = await buildPipeline(runtime.log as FastifyBaseLogger, {
    ...(await stepsToApps(config, runtime, rules)),
    ...stepsOfPages(config, runtime, rules, people)
  })
  const { apps, routes, tighteningOf } = rules
  const { directories, services, notifying } = people
  const { cache, clock, journal } = runtime
  const terms: SessionTerms = {
    accountNow: account => directories.accountNow(account),
    refused: await refusedCredentials(runtime, webauthnOf(config.factors).policy ?? null)
  }
  app.decorate('terms', terms)
  app.decorate('review', new LiveReview({ routes, apps, cache, clock, terms, tighteningOf }))
  const watchers = directoryWatchers(
    directories,
    services.institutionSessions,
    runtime,
    countingSink(journal, runtime.metrics)
  )
  const certificates = certificatesOf(config, runtime, issued, notifying?.sink(journal) ?? journal)
  app.decorate('certificateEnds', () => certificates.ends())
  app.decorate('institutionTroubles', () => directories.troubles())
  app.addHook('onClose', async () => {
    certificates.stop()
    people.console.close()
    await Promise.all([notifying?.stop(), watchers.stop()])
  })
  await app.ready()
  watchers.start()
  certificates.start()
  runtime.notifying = notifying
  notifying?.start()
  return app
}

type Rules = Awaited<ReturnType<typeof rulesOf>>
type People = Awaited<ReturnType<typeof peopleOf>>

async function rulesOf(config: Config, runtime: Services) {
  const { clock } = runtime
  const portalOrigin = config.portal.url.origin
  const frontHeaders = frontHeadersOf(config)
  const isTraced = config.traces !== null
  const apps = config.apps.map(app => ({
    ...toApp(app, portalOrigin, config.apps, config.watch),
    tls: tlsOf(app),
    frontHeaders,
    isTraced
  }))
  const routes = new RouteTable({ apps, portalOrigin })
  const watching = await watchingOf(config, apps, runtime)
  const { demands, decoys } = watching
  const tighteningOf = usePosture(config, runtime)
  const maxUrlLength = maxUrlLengthFor(config.listen.maxHeaderSize)
  return {
    ...{ portalOrigin, apps, routes, watching, demands, decoys, tighteningOf, maxUrlLength },
    device: deviceOf(config, apps, runtime),
    keeping: keepingOf(apps, routes, runtime),
    logins: loginSteps(apps, runtime, { portalOrigin, maxUrlLength }),
    returnTargets: new ReturnTargets(routes, apps, clock, { demands, tighteningOf }),
    sessionEnds: new SessionTimeLeft({ store: runtime.store, clock, idleSeconds: config.session.idle }),
    explainEnd: explainEndOf(runtime),
    takesTokens: apps.some(({ tokens }) => tokens != null)
  }
}

async function peopleOf(config: Config, runtime: Services, { portalOrigin, returnTargets }: Rules) {
  const directories = await directoriesOf(config, runtime)
  const services = signInServicesOf(config, runtime, directories)
  const { notify } = config
  // The import is here for a short start.
  const notifying =
    notify === null
      ? null
      : (await import('./services/notifying.ts')).notifyingOf({ ...config, notify }, runtime, services.recoveryCodes)
  const sinkOf = (sink: AuditSink) => {
    const counted = countingSink(sink, runtime.metrics)
    return notifying?.sink(counted) ?? counted
  }
  const requirementFor: RequirementFor = (url, principal, address, message) =>
    returnTargets.requirementFor(url, principal, address, message)
  const hasPasswords = config.identity.some(({ kind }) => kind === 'local')
  const signIn = makeSignIn({
    services: { ...services, passwordMail: hasPasswords ? (notifying?.passwordMail ?? null) : null },
    audit: sinkOf(runtime.strangers.sink()),
    portalOrigin,
    requirementFor
  })
  let operatorConsole: { close(): void } | undefined
  const console = {
    /** The first page loads it, for a short start. */
    load: async () => {
      const { makeConsole } = await import('./services/console.ts')
      const made = makeConsole(config, runtime, {
        ...services,
        factors: signIn.factors,
        audit: sinkOf(runtime.journal),
        invitationMail: notifying?.invitationMail ?? null
      })
      operatorConsole = made
      return made
    },
    close: () => operatorConsole?.close()
  }
  return { directories, services, notifying, requirementFor, signIn, console }
}

async function stepsToApps(config: Config, runtime: Services, rules: Rules) {
  const { clock, journal: audit, strangers, sessions, metrics } = runtime
  const { routes, portalOrigin, watching, demands, decoys, device, keeping, logins } = rules
  const { explainEnd, maxUrlLength, tighteningOf } = rules
  return {
    exchange: { clock },
    accept: {
      readClient: makeClientReader(config.trustedProxies),
      trace: await tracesOf(config, runtime),
      onRequest: () => runtime.standstill.look()
    },
    match: { routes },
    session: { sessions, tokens: rules.takesTokens ? runtime.tokens : null, device },
    resend: { kept: keeping?.resend ?? null },
    enforce: {
      ...{ routes, portalOrigin, audit, clock, maxUrlLength, demands, tighteningOf, decoys, explainEnd, device },
      keepPost: keeping?.keepPost ?? null,
      stillHasAccess: exchange => stillHasAccess(exchange, runtime)
    },
    'upstream-login': logins.step,
    forward: await forwardStep(config, runtime, rules),
    audit: {
      audit,
      strangers,
      clock,
      onRefusal: (code, exchange, request) => {
        metrics.count('factorgate_refusals_total', code)
        watching.onRefusal(code, exchange, request)
      }
    },
    'forward-auth': {
      ...{
        routes,
        sessions,
        portalOrigin,
        audit,
        clock,
        maxUrlLength,
        demands,
        tighteningOf,
        decoys,
        explainEnd,
        device
      },
      publicKeys: () => runtime.publishedKeys.at(clock()),
      assert: (app, principal) => (app.assertion ? assertionFor(app, principal, runtime, portalOrigin) : null),
      watch: watching.verdicts,
      logins: logins.step.logins
    },
    device: {
      device,
      audit,
      strangers,
      clock,
      onRefresh: outcome => metrics.count('factorgate_device_refreshes_total', outcome)
    }
  } satisfies Partial<Steps>
}

async function forwardStep(config: Config, runtime: Services, rules: Rules): Promise<Steps['forward']> {
  const { clock, journal: audit, strangers, live } = runtime
  const { apps, portalOrigin, watching, logins, sessionEnds } = rules
  const upstreams = new UpstreamRegistry({ apps, states: runtime.upstreams })
  return {
    live,
    upstreams,
    logins: logins.observer,
    assert: ({ match, principal, program }) => {
      const who = principal ?? program
      return match.kind === 'app' && who !== null ? assertionFor(match.app, who, runtime, portalOrigin) : null
    },
    watch: watching.flows,
    tapOf: await integrityTaps(config, apps, runtime, upstreams),
    sessionLasts: ({ session }) => sessionEnds.afterUse(session).seconds,
    onOpen: exchange =>
      (exchange.principal === null && exchange.program === null ? strangers : audit).record(
        exchangeEvent(exchange, 'socket.open', clock(), { status: 101 })
      ),
    onEnd: (exchange, method, result, isSocket) => recordEnd(exchange, method, result, isSocket, runtime)
  }
}

function stepsOfPages(config: Config, runtime: Services, rules: Rules, people: People) {
  const { clock, log, sessions } = runtime
  const { apps, routes, portalOrigin, watching, device, keeping, logins, sessionEnds, returnTargets } = rules
  const { directories, services, signIn, requirementFor } = people
  const { title, contact, accent } = config.portal
  const branding: Branding = { title, contact, accent, ...brandingOf(config.portal) }
  // Built for the first request from a frame, because the list of public suffixes takes 8 MB.
  let headersInFrames: Record<string, string> | undefined
  const frameHeaders = () => {
    headersInFrames ??= framePageHeaders(routes.sites, domainSources(routes.sites, isPublicSuffix))
    return headersInFrames
  }
  const { maxUrlLength } = rules
  const backFromKey =
    device === null
      ? []
      : [deviceReturn({ device, routes, sessions, portalOrigin, leads: watching.leads, maxUrlLength })]
  return {
    errors: { clock, renderPage: errorPages({ ...branding, portalOrigin }, frameHeaders, clock) },
    'security-headers': {
      routes,
      portalOrigin,
      renderStep: framedSteps({ ...branding, portalOrigin }, frameHeaders)
    },
    portal: {
      portal: {
        ...branding,
        portalOrigin,
        services,
        signIn,
        extensions: [consolePages(people.console.load), ...backFromKey],
        device,
        directories,
        logins: loginsOf(directories),
        log: limitedLog(log, clock),
        keyring: () => runtime.keyring,
        routes: {
          appsFor: (principal, address) => appCards(returnTargets, runtime, principal, address),
          requirementFor,
          posture: () => runtime.postures.strictest()
        },
        returnTargets: url => returnTargets.accept(url),
        takesTokens: rules.takesTokens,
        takesLogins: logins.observer !== null,
        isAlone: !apps.some(({ sharesPortal }) => sharesPortal),
        sharedAnswers: runtime.sharedAnswers,
        kept: keeping?.pages ?? null,
        sessionEnds,
        clock
      }
    }
  } satisfies Partial<Steps>
}
