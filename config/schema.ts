/**
 * The schema of the configuration: every key with its title, description, default and example. Validation, types, factorgate.schema.json
 * and reference.md derive from it. Checks of several keys are in checks/.
 */
import { app } from './schema/apps.ts'
import { device } from './schema/device.ts'
import { identity } from './schema/identity.ts'
import { journal } from './schema/journal.ts'
import { listen } from './schema/listen.ts'
import { notify } from './schema/notify.ts'
import { factors, session } from './schema/people.ts'
import { portal } from './schema/portal.ts'
import { redis } from './schema/redis.ts'
import {
  choice,
  duration,
  flag,
  list,
  map,
  secret,
  secretFile,
  text,
  typed,
  type ValueOf,
  whole
} from './schema/schema-builders.ts'
import { traces } from './schema/traces.ts'
import { watch } from './schema/watch.ts'
import type { SiteUrl, StoreTarget, Upstream } from './values/addresses.ts'
import type { ExportTarget } from './values/export-targets.ts'
import type { MailServerTarget } from './values/messages.ts'
import type { TraceEndpoint } from './values/traces.ts'

const adminListener = map(
  {
    host: text('listenHost', {
      title: 'Address',
      description: 'Address to listen on. There is no sign-in here, so keep it private.',
      default: '127.0.0.1',
      example: '127.0.0.1'
    }),
    port: whole(
      { title: 'Port', description: 'TCP port; 0 lets the system choose.', default: 9090, example: 9090 },
      0,
      65_535
    )
  },
  { title: 'Health and metrics', description: 'Address and port.' }
)

const admin = typed<ValueOf<typeof adminListener> | false>({
  title: 'Health and metrics',
  description: 'The listener for `/livez`, `/readyz` and `/metrics`. Keep it private. `false` switches it off.',
  default: {},
  examples: [{ host: '127.0.0.1', port: 9090 }],
  anyOf: [{ const: false, type: 'boolean' }, adminListener]
})

const maxWorkers = 64
const workers = typed<'auto' | number>({
  title: 'Processes',
  description:
    'How many processes serve requests, on one port and one store. `auto` means one for each core of the machine. One is enough for a lab (tens of thousands of requests per second). Each further process takes about 90 MB of memory.',
  default: 1,
  examples: ['auto'],
  anyOf: [
    { const: 'auto', type: 'string' },
    {
      type: 'integer',
      minimum: 1,
      maximum: maxWorkers,
      'x-instead': `must be auto or a whole number from 1 to ${maxWorkers}`
    } as const
  ]
})

const hopCount =
  'must be a list of addresses or networks such as [10.0.0.1, 10.1.0.0/16]; a number of hops (or true) is refused, because every client could then invent its address (GHSA-3m5p-2c4r-xxw2)'

const log = map(
  {
    level: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      title: 'Level',
      description: 'The lowest level that the log contains.',
      default: 'info',
      example: 'warn'
    })
  },
  {
    title: 'Log',
    description: 'The log goes to standard output, as JSON lines. The journal is not part of it.',
    default: {}
  }
)

/** The schema of the file; `Config` has the loaded values. */
export const configSchema = map(
  {
    listen,
    admin,
    workers,
    trustedProxies: list(
      text(
        'network',
        { title: 'Proxy', description: 'An address or network.', example: '10.0.0.1' },
        { 'x-instead': hopCount }
      ),
      {
        title: 'Proxies in front',
        description:
          'Addresses and networks of the proxies in front of the gate. The gate believes the `X-Forwarded-*` headers of these proxies and removes those of other clients. A number of hops is not allowed.',
        default: [],
        example: ['10.0.0.1']
      },
      { 'x-instead': hopCount }
    ),
    portal,
    store: secret('store', {
      title: 'Store',
      description:
        'Where the gate keeps accounts, factors and sessions. `embedded:FOLDER` is on this machine and needs no other service. `redis://HOST:PORT/DB`, `redis+sentinel://HOST:PORT,HOST:PORT/MASTERNAME` and `redis+cluster://HOST:PORT,HOST:PORT` are for several gates. For TLS write `rediss` instead of `redis`. The URL may have a password (%-escaped); see also `redis`.',
      default: 'embedded:./var/store',
      example: 'redis://10.0.0.5:6379'
    }),
    storeFile: secretFile('store', {
      title: 'Store, from a file',
      description: 'A file that holds the value of `store`, for URLs with a password.',
      example: '/run/secrets/store-url'
    }),
    redis,
    keyFile: text('file', {
      title: 'Key file',
      description:
        'The file with the key that seals secrets in the store (`factorgate key new` makes one). Only its owner may read it. Without it, authenticator apps stop working, so keep a copy in another place.',
      default: './var/factorgate.key',
      example: '/etc/factorgate/factorgate.key'
    }),
    journal,
    session,
    device,
    factors,
    identity,
    apps: list(app, {
      title: 'Apps',
      description: 'The apps behind the gate. The gate answers everything else with 404.'
    }),
    notify,
    traces,
    watch,
    log,
    shutdownTimeout: duration(
      {
        title: 'Shutdown timeout',
        description: 'How long running requests may take to finish after SIGTERM.',
        default: '30s',
        example: '2m'
      },
      0,
      86_400
    ),
    unsafeHttp: flag({
      title: 'Allow plain http',
      description:
        'Allow http:// in `portal.url` and `apps[].url` also for other machines. Others on the network can then read passwords and steal sessions, and passkeys do not work.',
      default: false,
      example: true
    }),
    unsafeVolatileStore: flag({
      title: 'Allow a Redis that can lose data',
      description:
        'Start even if Redis does not save its data to disk, or deletes data when its memory is full (`maxmemory-policy`). People can then lose their factors without warning.',
      default: false,
      example: true
    })
  },
  { title: 'Factorgate', description: 'The configuration of one gate.' }
)

/**
 * A loaded configuration: defaults filled in, durations in seconds, sizes in bytes, paths absolute, URLs parsed. `store` and `addHeaders`
 * may hold secrets: never log a Config.
 */
export type Config = ValueOf<typeof configSchema> & {
  /** Absolute; null if there is none. */
  readonly file: string | null
}
export type AppConfig = Config['apps'][number]
export type RuleConfig = AppConfig['rules'][number]

/** Values that are complete or missing. */
type Whole = SiteUrl | Upstream | StoreTarget | MailServerTarget | ExportTarget | TraceEndpoint

/** Missing parts have a problem each. */
type Draft<T> = T extends Whole | string | number | boolean | null | undefined
  ? T | undefined
  : T extends readonly (infer U)[]
    ? readonly Draft<U>[] | undefined
    : { [K in keyof T]?: Draft<T[K]> } | undefined

export type DraftConfig = NonNullable<Draft<Config>>
/** An entry of `identity`, of one kind or of any. */
export type DraftSource<Kind extends string = string> = Extract<
  NonNullable<NonNullable<DraftConfig['identity']>[number]>,
  { kind?: Kind }
>
export type DraftApp = NonNullable<Draft<Config['apps'][number]>>
export type DraftRule = NonNullable<Draft<Config['apps'][number]['rules'][number]>>
