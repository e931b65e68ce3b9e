/** The commented file that `factorgate init` writes. It passes `factorgate check` unchanged. */

export interface TemplateOptions {
  /** http://localhost:8443, or https if the gate serves it. */
  readonly portalUrl?: string
  /** Example Lab */
  readonly title?: string
  /** http://127.0.0.1:8888 */
  readonly upstream?: string
  /** The folder of store, key and journal, as in the file: ./var */
  readonly dataFolder?: string
  /** The files of the certificate and its key, as in the file. With them the gate serves https on every address. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** `app.` in place of the portal's first label, or `app.localhost`; otherwise `/app` on the portal's host. */
  readonly appUrl?: string
}

/** Does not check the values: use `parseConfig`. */
export function initTemplate(options: TemplateOptions = {}): string {
  const { title = 'Example Lab', upstream = 'http://127.0.0.1:8888' } = options
  const { portalUrl = `${options.tls === undefined ? 'http' : 'https'}://localhost:8443` } = options
  const appUrl = options.appUrl ?? appBeside(portalUrl)
  const { dataFolder = './var', tls } = options
  const store = plainOrQuoted(`embedded:${dataFolder}/store`)
  return `# Factorgate: a second factor in front of web apps.
# \`factorgate check\` lists the problems of this file. config/reference.md explains every key.
# Paths are relative to the folder of this file. \${NAME} is replaced with the environment variable; $\${NAME} is not replaced.

# Where browsers, or the proxy in front, reach the gate.
listen:
  ${tls === undefined ? 'host: 127.0.0.1            # 0.0.0.0 for every address of this machine' : 'host: 0.0.0.0              # every address of this machine'}
  port: ${portOf(portalUrl, tls !== undefined)}
  # The gate serves https itself. Leave this out if a proxy in front handles TLS.
  ${tls === undefined ? '# tls: { cert: tls.crt, key: tls.key }' : `tls: { cert: ${quoted(tls.cert)}, key: ${quoted(tls.key)} }`}

# Health and metrics. There is no sign-in here, so keep it private. \`false\` switches it off.
admin: { host: 127.0.0.1, port: 9090 }

# Addresses and networks of proxies in front. The gate believes their X-Forwarded-* headers.
trustedProxies: []           # [10.0.0.1]

# The gate's own pages: sign-in, enrolment, account.
portal:
  url: ${quoted(portalUrl)}
  title: ${quoted(title)}
  # The domain of passkeys; by default the portal's host. If you change it, all passkeys stop working.
  # rpId: lab.example
  # Where people get help: a text, a mailto: address or a web address.
  # contact: mailto:helpdesk@lab.example
  # accent: '#2f6f4e'

# Where the gate keeps accounts, factors and sessions: on this machine, or in a Redis that several gates share.
store: ${store}  # redis://10.0.0.5:6379

# The key that seals the secrets in the store. Keep a copy in another place: without it, authenticator apps stop working.
keyFile: ${plainOrQuoted(`${dataFolder}/factorgate.key`)}

# The file that records who did what.
journal: ${plainOrQuoted(`${dataFolder}/journal.jsonl`)}

# How long a sign-in lasts. NIST SP 800-63B-4 recommends these limits at most.
session: { idle: 1h, absolute: 24h, maxPerUser: 10 }

apps:
  - id: app
    title: First app
    # Where people reach the app: its own host, or a path on a host.
    url: ${quoted(appUrl)}
    # Where the gate reaches the app: a URL, unix:/run/app.sock, or a list to share the load.
    upstream: ${quoted(upstream)}
    # The headers that tell the app who the person is. \`null\` switches one off.
    identityHeaders: { user: Remote-User, name: Remote-Name, email: Remote-Email, groups: Remote-Groups }
    # The first rule that matches counts. If no rule matches, the gate refuses the request.
    rules:
      # - { path: /static/**, methods: [GET, HEAD], access: public }
      # - { path: /admin/**, groups: [operators], access: mfa, factors: [webauthn], within: 5m }
      # - { path: /admin/**, access: deny }
      - { access: mfa }      # everybody who has an account and a second factor
`
}

/** Any text as one YAML value; `$${` keeps `${`. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('${', () => '$${')
}

/** A path, quoted if YAML needs it. */
function plainOrQuoted(text: string): string {
  return /^[\w./:-]+$/.test(text) ? text : quoted(text)
}

function appBeside(portalUrl: string): string {
  if (!URL.canParse(portalUrl)) return portalUrl
  const url = new URL(portalUrl)
  const labels = url.hostname.split('.')
  const isName = /[a-z]/.test(labels.at(-1) ?? '')
  const name = labels[0] === 'app' ? 'first' : 'app'
  if (labels.at(-1) === 'localhost') url.hostname = `${name}.localhost`
  else if (isName && labels.length > 2) url.hostname = [name, ...labels.slice(1)].join('.')
  // A short name or an address has no known neighbour.
  else url.pathname = '/app'
  return url.href.replace(/\/$/, '')
}

/** The port, if people reach it directly: on this machine, and with the gate's own https. */
function portOf(portalUrl: string, servesHttps: boolean): number {
  const url = URL.canParse(portalUrl) ? new URL(portalUrl) : null
  if (servesHttps && url?.protocol === 'https:') return Number(url.port || 443)
  return url?.protocol === 'http:' && url.port !== '' ? Number(url.port) : 8443
}
