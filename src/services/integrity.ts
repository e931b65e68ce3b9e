/** The watch on apps, composed. It outlives a reload. */
import type { Config } from '../../config/schema.ts'
import type { App } from '../apps/route-table.ts'
import type { AuditEvent } from '../audit/event.ts'
import { fetchPage } from '../forwarding/fetch-page.ts'
import type { UpstreamRegistry } from '../forwarding/upstreams.ts'
import { doubtOf, type Finding } from '../integrity/finding.ts'
import type { IntegrityApp, IntegrityWatch } from '../integrity/integrity-watch.ts'
import { fullReasons, fullSentence } from '../integrity/places.ts'
import { reasonsOf } from '../integrity/sentences.ts'
import type { ResponseTap } from '../metering/response-tap.ts'
import type { Services } from './services.ts'
import { watchSink } from './watch-sink.ts'

/** The limits of a fetched page. */
const fetchLimits = { maxBytes: 512 * 1024, timeoutMs: 15_000 } as const

/** Null if no app has the key `integrity`. */
export async function integrityTaps(
  config: Config,
  apps: readonly App[],
  runtime: Services,
  upstreams: UpstreamRegistry
): Promise<((app: string) => ResponseTap | null) | null> {
  const watched = apps.flatMap((app): IntegrityApp[] => {
    const settings = config.apps.find(({ id }) => id === app.id)?.integrity
    if (settings == null) return []
    return [
      {
        id: app.id,
        origins: originsOf(app),
        prefix: app.prefix,
        learnMs: settings.learn * 1000,
        pages: settings.pages,
        everyMs: settings.every * 1000,
        fetch: (path, signal) => fetchPage(upstreams.of(app), path, { ...fetchLimits, signal })
      }
    ]
  })
  if (watched.length === 0) {
    await runtime.integrity?.stop()
    runtime.integrity = null
    return null
  }
  runtime.integrity ??= await startIntegrity(runtime)
  const { integrity } = runtime
  await integrity.configure(watched)
  return app => integrity.tapOf(app)
}

/** First the public origin, then those under which an app may name itself. */
function originsOf({ origin, neighbours = [], upstreams }: App): string[] {
  return [
    origin,
    ...neighbours.map(host => `https://${host}`),
    ...upstreams.flatMap(({ origin: own }) => [own, own.replace(/:\d+$/, '')])
  ]
}

async function startIntegrity(runtime: Services): Promise<IntegrityWatch> {
  const { store, clock, log, journal, metrics } = runtime
  const { IntegrityWatch: Watch } = await import('../integrity/integrity-watch.ts')
  const watch: IntegrityWatch = new Watch({
    store,
    clock,
    onFinding: (app, finding, isTold) => report(app, finding, isTold, runtime),
    onFull: (app, place) => {
      const line = {
        kind: 'watch.app',
        at: clock(),
        app,
        outcome: 'full',
        isTold: true,
        why: fullSentence(app, place)
      } as const
      watchSink(runtime).record(line, fullReasons(app, place))
    },
    say: (app, why) => {
      log.warn({ app }, why)
      journal.record({ kind: 'watch.app', at: clock(), app, outcome: 'degraded', why })
    },
    onStoreProblem: problem =>
      problem === null
        ? log.info('what is known of the apps is written to the store again')
        : log.error({ err: problem }, 'what is known of the apps cannot be written to the store; this gate keeps it')
  })
  await watch.start()
  metrics.read('factorgate_app_changes_open', () => watch.open())
  metrics.read('factorgate_app_pages_total', () => Object.entries(watch.reader.counts))
  return watch
}

function report(app: string, finding: Finding, isTold: boolean, runtime: Services): void {
  const { id, severity, at, page, items, codes, left, why } = finding
  runtime.metrics.count('factorgate_app_changes_total', app, severity)
  const what = items
    .slice(0, 16)
    .map(({ kind, value }) => `${kind} ${value}`)
    .join(' · ')
  const line: AuditEvent = {
    kind: 'watch.app',
    at,
    app,
    outcome: severity,
    finding: id,
    page,
    what,
    statements: codes.length,
    left: Math.max(0, items.length - 16) + left,
    isTold,
    why
  }
  watchSink(runtime).record(line, reasonsOf(app, page, items, codes.length, left, doubtOf(finding)))
}
