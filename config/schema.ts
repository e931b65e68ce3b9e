/**
 * The schema of the configuration: every key with its title, description, default and example. Validation, types, the editors' schema
 * (factorgate.schema.json) and the reference (reference.md) come from it. Checks of two keys together are in checks/.
 */
import { app } from './schema/apps.ts'
import { identity } from './schema/identity.ts'
import { factors, session } from './schema/people.ts'
import { redis } from './schema/redis.ts'
import {
  choice,
  derived,
  duration,
  flag,
  list,
  map,
  orNull,
  secret,
  secretFile,
  text,
  typed,
  type ValueOf,
  whole
} from './schema/schema-builders.ts'
import type { SiteUrl, StoreTarget, Upstream } from './values/addresses.ts'

const tls = map(
  {
    cert: text('file', {
      title: 'Certificate',
      description: 'PEM file with the certificate and the chain up to the root.',
      example: 'tls.crt'
    }),
    key: text('file', { title: 'Private key', description: 'PEM file with the private key.', example: 'tls.key' })
  },
  {
    title: 'TLS',
    description:
      'Serve https ourselves. Leave it out where a proxy in front ends TLS, and list that proxy in `trustedProxies`. The files are read again when they change.'
  }
)

const listen = map(
  {
    host: text('listenHost', {
      title: 'Address',
      description:
        'Address of this machine to listen on. The default is reached from this machine alone; `0.0.0.0` is every IPv4 address, `::` every address.',
      default: '127.0.0.1',
      example: '0.0.0.0'
    }),
    port: whole(
      { title: 'Port', description: 'TCP port; 0 lets the system choose.', default: 8443, example: 443 },
      0,
      65_535
    ),
    tls: orNull(tls),
    maxHeaderSize: text(
      'size',
      {
        title: 'Largest request header',
        description:
          'Request line and headers together may be this long; more is answered 431. Apps that set many cookies need room.',
        default: '16KiB',
        example: '64KiB'
      },
      { 'x-least': 8192, 'x-most': 1024 ** 2 }
    )
  },
  { title: 'Listener', description: 'Where visitors, or the proxy in front, reach the gate.', default: {} }
)

const adminListener = map(
  {
    host: text('listenHost', {
      title: 'Address',
      description: 'Address to listen on. Nobody is asked to sign in here, so keep it away from visitors.',
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

const most = 64
const workers = typed<'auto' | number>({
  title: 'Processes',
  description:
    'How many processes serve visitors, on one port and one store: `auto` is one for each core of the machine. One is enough for a lab (tens of thousands of requests a second); each more takes about 90 MB of memory.',
  default: 1,
  examples: ['auto'],
  anyOf: [
    { const: 'auto', type: 'string' },
    {
      type: 'integer',
      minimum: 1,
      maximum: most,
      'x-instead': `must be auto or a whole number from 1 to ${most}`
    } as const
  ]
})

const hopCount =
  'must be a list of addresses or networks such as [10.0.0.1, 10.1.0.0/16]; a number of hops (or true) is refused, because then whoever connects can make up the address they come from (GHSA-3m5p-2c4r-xxw2)'

const portal = map(
  {
    url: text('portalUrl', {
      title: 'Address of the portal',
      description:
        'Where people sign in, enrol, and see their account: scheme and host, and the port if it is not the usual one. Plain http is refused off this machine. Passkeys belong to this host (see `rpId`): moving it later makes people enrol again.',
      example: 'https://gate.lab.example'
    }),
    title: text('line', {
      title: 'Name',
      description: 'What the pages call this place. People should recognise it.',
      default: 'Factorgate',
      example: 'Example Lab'
    }),
    rpId: derived('hostname', "the portal's host", {
      title: 'Relying party id',
      description:
        "The domain that passkeys and security keys are made for (WebAuthn L3 §4): the portal's host or a parent domain of your own. A change makes every enrolled key useless.",
      example: 'lab.example'
    }),
    contact: orNull(
      text('contact', {
        title: 'Whom to ask',
        description: 'Shown where somebody is stuck: words, a `mailto:` or a web address.',
        example: 'mailto:helpdesk@lab.example'
      })
    ),
    accent: orNull(
      text('colour', {
        title: 'Accent colour',
        description: "The one colour of the pages. Quote it: in YAML an unquoted '#' begins a comment.",
        example: '#2f6f4e'
      })
    )
  },
  { title: 'Portal', description: "The gate's own pages, under `/.factorgate/`." }
)

const journal = text('file', {
  title: 'Journal',
  description: 'The record of who did what: JSON lines, only ever appended to.',
  default: './var/journal.jsonl',
  example: '/var/lib/factorgate/journal.jsonl'
})

const log = map(
  {
    level: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      title: 'Level',
      description: 'The least grave lines that are still written to standard output.',
      default: 'info',
      example: 'warn'
    })
  },
  { title: 'Log', description: 'One JSON line each on standard output. The journal is not part of it.', default: {} }
)

/** The schema of the file. `parseConfig` answers it with every default filled in; see `Config`. */
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
          'Addresses and networks of proxies whose `X-Forwarded-*` headers are believed. From anyone else these headers are thrown away. A number of hops is refused.',
        default: [],
        example: ['10.0.0.1']
      },
      { 'x-instead': hopCount }
    ),
    portal,
    store: secret('store', {
      title: 'Store',
      description:
        'Where accounts, factors and sessions live. `embedded:FOLDER`: on this machine, nothing to install. `redis://HOST:PORT/DB`, `redis+sentinel://HOST:PORT,HOST:PORT/MASTERNAME`, `redis+cluster://HOST:PORT,HOST:PORT`: for several gates together; with TLS `rediss` stands in place of `redis`. A password may stand in the URL (%-escaped); see also `redis`.',
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
        'The key that seals secrets in the store (`factorgate key new` makes one). Only its owner may read it. Without it nobody can use their TOTP any more, so keep a copy elsewhere.',
      default: './var/factorgate.key',
      example: '/etc/factorgate/factorgate.key'
    }),
    journal,
    session,
    factors,
    identity,
    apps: list(app, { title: 'Apps', description: 'The apps behind the gate. Anything else is answered 404.' }),
    log,
    shutdownTimeout: duration(
      {
        title: 'Patience at the end',
        description: 'How long requests in flight may take to finish after SIGTERM.',
        default: '30s',
        example: '2m'
      },
      0,
      86_400
    ),
    unsafeHttp: flag({
      title: 'Allow plain http',
      description:
        'Allow http:// in `portal.url` and `apps[].url` off this machine. Anybody on the way can then read passwords and steal sessions, and passkeys do not work.',
      default: false,
      example: true
    }),
    unsafeVolatileStore: flag({
      title: 'Allow a forgetful Redis',
      description:
        'Start even if Redis may forget (no persistence, or a `maxmemory-policy` that evicts). People then lose their factors without warning.',
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
  /** The absolute path of its file; null where there is none. */
  readonly file: string | null
}
export type AppConfig = Config['apps'][number]
export type RuleConfig = AppConfig['rules'][number]

/** Values that are complete or missing. */
type Whole = SiteUrl | Upstream | StoreTarget

/** A value in which parts may be missing, each with a problem. */
export type Draft<T> = T extends Whole | string | number | boolean | null | undefined
  ? T | undefined
  : T extends readonly (infer U)[]
    ? readonly Draft<U>[] | undefined
    : { [K in keyof T]?: Draft<T[K]> } | undefined

export type DraftConfig = NonNullable<Draft<Config>>
export type DraftApp = NonNullable<Draft<Config['apps'][number]>>
export type DraftRule = NonNullable<Draft<Config['apps'][number]['rules'][number]>>
