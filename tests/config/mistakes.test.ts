// biome-ignore-all lint/suspicious/noTemplateCurlyInString: as files write it
import t from 'tap'
import { formatProblem, parseConfig } from '../../config/load.ts'
import { read, said } from './read.ts'

type Row = [sentence: string, text: string, ...expected: string[]]

const app = (more: string, id = 'one') =>
  `  - { id: ${id}, url: https://${id}.lab.example, upstream: http://10.1.1.1, ${more} }\n`
const apps = (more: string) => `apps:\n${app(more)}`
const rules = (text: string) =>
  `apps:\n  - id: one\n    url: https://one.lab.example\n    upstream: http://10.1.1.1\n    rules:\n${text}`
const url = (text: string) => `apps:\n  - { id: one, upstream: http://10.1.1.1, url: ${text} }`
const upstream = (text: string) => `apps:\n  - { id: one, url: https://one.lab.example, upstream: ${text} }`

const groups: Record<string, Row[]> = {
  'keys and shapes': [
    ['a typo', 'listen: { prot: 1 }', "1:11  listen.prot  unknown key 'prot', did you mean 'port'?"],
    ['another case', 'keyfile: x', "1:1  keyfile  unknown key 'keyfile', did you mean 'keyFile'?"],
    [
      'a dash',
      'portal: { url: https://g.x.y, rp-id: x.y }',
      "1:31  portal.rp-id  unknown key 'rp-id', did you mean 'rpId'?"
    ],
    ['a key of another block', 'digits: 6', "1:1  digits  unknown key 'digits'; it belongs in 'factors.totp'"],
    ['a key nobody knows', 'log: { colour: on }', "1:8  log.colour  unknown key 'colour'; known here: level"],
    [
      'no blank after the colon',
      'log: { level:info }',
      "1:8  log.level…  unknown key 'level…': put a space after the ':'"
    ],
    ['a key twice', 'log: { level: info }\nlog: { level: warn }', '2:1  log  is here twice: keep one'],
    [
      'a merge key',
      '<<: { log: x }',
      "1:1  …  unknown key '…': merge keys are not supported; use an alias for the whole value"
    ],
    ['nothing behind a key', 'session:', '1:9  session  is empty: give it a value or remove the line'],
    [
      'text for a map',
      'session: 1h',
      '1:10  session  must be a map with the keys idle, absolute, maxPerUser, got text'
    ],
    ['on for a map', 'log: on', "1:6  log  must be a map with the keys level, got 'on'; write {} for the defaults"],
    ['a map for text', 'keyFile: { file: x }', '1:10  keyFile  must be text, got a map of keys'],
    [
      'text for a list',
      'identity: local',
      "1:11  identity  must be a list, each item beginning with '- ', got 'local'"
    ],
    ['a list for a map', 'log: [info]', '1:6  log  must be a map with the keys level, got a list'],
    [
      'an empty list where one is needed',
      'identity: []',
      '1:11  identity  is an empty list: add an item or remove the line'
    ],
    ['a missing key', 'portal: { title: Lab }', '1:9  portal.url  is missing, for example https://gate.lab.example'],
    [
      'a missing choice',
      rules('      - { path: /x }'),
      "6:9  apps[0].rules[0].access  is missing: 'public', 'mfa' or 'deny'"
    ],
    [
      'a misspelt key is not missing, too',
      'portal: { ulr: https://g.x.y }',
      "1:11  portal.ulr  unknown key 'ulr', did you mean 'url'?"
    ],
    [
      'a word that is no choice',
      'log: { level: warning }',
      "1:15  log.level  must be 'fatal', 'error', 'warn', 'info', 'debug', 'trace' or 'silent', got 'warning'; did you mean 'warn'?"
    ],
    ['a switch in words', 'unsafeHttp: yes', "1:13  unsafeHttp  must be true or false, got 'yes'"],
    ['admin: true', 'admin: true', "1:8  admin  must be false or a map with the keys host, port, got 'true'"]
  ],
  'units and numbers': [
    [
      'a duration without a unit',
      'shutdownTimeout: 30',
      "1:18  shutdownTimeout  must be a number with a unit: 30s, 5m, 1h or 7d, got '30'"
    ],
    [
      'a duration in words',
      'session: { idle: 1 hour }',
      "1:18  session.idle  must be a number with a unit: 30s, 5m, 1h or 7d (did you mean 1h?), got '1 hour'"
    ],
    ['a duration that ends at once', 'session: { idle: 0s }', "1:18  session.idle  must be from 1m to 365d, got '0s'"],
    [
      'a size in the wrong unit',
      'listen: { maxHeaderSize: 64KB }',
      "1:26  listen.maxHeaderSize  must be a number with a unit: 512B, 64KiB, 10MiB or 2GiB (did you mean 64KiB?), got '64KB'"
    ],
    [
      'a size too small',
      'listen: { maxHeaderSize: 1KiB }',
      "1:26  listen.maxHeaderSize  must be from 8KiB to 1MiB, got '1KiB'"
    ],
    [
      'a port too high',
      'listen: { port: 65536 }',
      "1:17  listen.port  must be a whole number from 0 to 65535, got '65536'"
    ],
    [
      'half a number',
      'factors: { recoveryCodes: { count: 4.5 } }',
      "1:36  factors.recoveryCodes.count  must be a whole number from 4 to 50, got '4.5'"
    ],
    [
      'idle longer than absolute',
      'session: { idle: 1h, absolute: 30m }',
      '1:18  session.idle  session.idle (1h) must not be longer than session.absolute (30m)'
    ],
    [
      'absolute shorter than the usual idle',
      'session: { absolute: 30m }',
      '1:22  session.absolute  session.idle (1h) must not be longer than session.absolute (30m)'
    ],
    [
      'TOTP out of bounds',
      'factors: { totp: { algorithm: MD5, digits: 9, period: 121 } }',
      "1:31  factors.totp.algorithm  must be 'SHA1', 'SHA256' or 'SHA512', got 'MD5'",
      "1:44  factors.totp.digits  must be 6, 7 or 8, got '9'",
      "1:55  factors.totp.period  must be a whole number from 15 to 120, got '121'"
    ],
    [
      'TOTP skew of two',
      'factors: { totp: { skew: 2 } }',
      "1:26  factors.totp.skew  must be 0 or 1: RFC 6238 §5.2 allows one period of delay at most, got '2'"
    ]
  ],
  addresses: [
    [
      'plain http off this machine',
      'portal: { url: http://gate.lab.example }',
      '1:16  portal.url  must be https, because others can read passwords and sessions on the network: write https://gate.lab.example (or accept that with unsafeHttp: true)'
    ],
    [
      'plain http for an app',
      url('http://10.0.0.1/x'),
      '2:48  apps[0].url  must be https, because others can read passwords and sessions on the network: write https://10.0.0.1/x (or accept that with unsafeHttp: true)'
    ],
    [
      'hosts that only look like this machine',
      url('http://localhost.example'),
      '2:48  apps[0].url  must be https, because others can read passwords and sessions on the network: write https://localhost.example (or accept that with unsafeHttp: true)'
    ],
    [
      'a portal with a path',
      'portal: { url: https://lab.example/gate }',
      "1:16  portal.url  must not hold a path, because the gate's pages always live under /.factorgate/; write https://lab.example, got 'https://lab.example/gate'"
    ],
    [
      'no URL',
      url('not a url'),
      "2:48  apps[0].url  must be an http(s) URL such as https://app.lab.example, got 'not a url'"
    ],
    [
      'a wildcard',
      url('"https://*.lab.example"'),
      "2:48  apps[0].url  must be an http(s) URL such as https://app.lab.example, got 'https://*.lab.example'"
    ],
    [
      'a backslash',
      url("'https://a.example\\b'"),
      "2:48  apps[0].url  must be an http(s) URL such as https://app.lab.example, got 'https://a.example\\b'"
    ],
    ['a query', url('https://a.example/?x=1'), "2:48  apps[0].url  must not hold a query ('?…')"],
    ['a fragment', url('https://a.example/#x'), "2:48  apps[0].url  must not hold a fragment ('#…')"],
    ['a user name', url('https://me@a.example'), '2:48  apps[0].url  must not hold a user name or password'],
    [
      'dot segments',
      url('https://a.example/x/%2e%2e/y'),
      "2:48  apps[0].url  must not hold '//', '/.' or '/..' in its path, got 'https://a.example/x/%2e%2e/y'"
    ],
    [
      'escapes in a path',
      url('https://a.example/caf%C3%A9'),
      "2:48  apps[0].url  may hold only letters, digits and - . _ ~ in its path, got 'https://a.example/caf%C3%A9'"
    ],
    [
      "the gate's own paths",
      url('https://a.example/.Factorgate/x'),
      "2:48  apps[0].url  must not be under /.factorgate, because the gate's own pages are there on every host"
    ],
    [
      'an upstream of another kind',
      upstream('ftp://x'),
      "2:56  apps[0].upstream  must be an http(s) or unix URL, got 'ftp://x'"
    ],
    [
      'a socket without a name',
      upstream('"unix:"'),
      "2:56  apps[0].upstream  must name a socket, such as unix:/run/app.sock, got 'unix:'"
    ],
    [
      'one of several upstreams',
      upstream('[http://a, "http://b/?q"]'),
      "2:67  apps[0].upstream[1]  must not hold a query ('?…')"
    ],
    [
      'an upstream that is the gate',
      `listen: { port: 8443 }\n${upstream('http://127.0.0.1:8443')}`,
      '3:56  apps[0].upstream  must not lead back to the gate itself: http://127.0.0.1:8443 is an address of the gate'
    ],
    [
      'two apps at one place',
      `${apps('title: A')}  - { id: two, url: https://one.lab.example/, upstream: http://b }`,
      '3:21  apps[1].url  must differ from apps[0].url: both are one.lab.example/'
    ],
    [
      'two apps told apart by letter case',
      `${url('https://a.example/nb')}\n  - { id: two, url: https://a.example/NB, upstream: http://b }`,
      '3:21  apps[1].url  must differ from apps[0].url: both are a.example/NB'
    ],
    [
      'one host with two schemes',
      `portal: { url: "https://g.localhost:1" }\n${url('"http://g.localhost:1/x"')}`,
      '3:48  apps[0].url  must begin like portal.url (https://g.localhost:1): it is the same host'
    ],
    [
      'two apps of one id',
      `${apps('title: A')}  - { id: one, url: https://b.lab.example, upstream: http://b }`,
      "3:11  apps[1].id  must differ from apps[0].id: both are 'one'"
    ],
    [
      'an id with blanks',
      'apps:\n  - { id: My App, url: https://a.example, upstream: http://b }',
      "2:11  apps[0].id  must be lower-case letters, digits and '-', beginning with a letter or digit, at most 63 long, got 'My App'"
    ],
    [
      'an rpId elsewhere',
      'portal: { url: https://gate.lab.example, rpId: example.org }',
      "1:48  portal.rpId  must be the portal's host 'gate.lab.example' or a parent domain of it, got 'example.org'"
    ],
    [
      'an rpId that only ends alike',
      'portal: { url: https://gate.mylab.example, rpId: lab.example }',
      "1:50  portal.rpId  must be the portal's host 'gate.mylab.example' or a parent domain of it, got 'lab.example'"
    ],
    [
      'an rpId below the portal',
      'portal: { url: https://lab.example, rpId: gate.lab.example }',
      "1:43  portal.rpId  must be the portal's host 'lab.example' or a parent domain of it, got 'gate.lab.example'"
    ],
    ...['com', 'co.uk', 'ac.uk', 'github.io', 'kawasaki.jp', 'xn--p1ai', 'nip.io', 'lab'].map(
      (suffix): Row => [
        `${suffix} as rpId`,
        `portal: { rpId: ${suffix}, url: https://lab.${suffix} }`,
        `1:17  portal.rpId  must be a domain of your own: other people have names under '${suffix}' too, and browsers refuse it`
      ]
    ),
    [
      'an rpId with a scheme',
      'portal: { url: https://a.example, rpId: "https://a.example" }',
      "1:41  portal.rpId  must be a host name such as lab.example, without scheme, port or path, got 'https://a.example'"
    ],
    [
      'a listener on no address',
      'listen: { host: 256.0.0.1 }',
      "1:17  listen.host  must be an address of this machine, such as 0.0.0.0, 127.0.0.1 or ::, or localhost, got '256.0.0.1'"
    ],
    [
      'a listener on a name, which is looked up only once it is too late',
      'listen: { host: gaet }',
      "1:17  listen.host  must be an address of this machine, such as 0.0.0.0, 127.0.0.1 or ::, or localhost, got 'gaet'"
    ],
    [
      'two listeners on one port',
      'listen: { port: 9000 }\nadmin: { port: 9000 }',
      '2:16  admin.port  must differ from listen.port: both are 9000'
    ],
    [
      'an origin with a path',
      apps('allowedOrigins: [https://a.example/x]'),
      "2:90  apps[0].allowedOrigins[0]  must be an origin such as https://other.lab.example; '*' and 'null' are not taken, got 'https://a.example/x'"
    ],
    [
      'any origin',
      apps('allowedOrigins: ["*"]'),
      "2:90  apps[0].allowedOrigins[0]  must be an origin such as https://other.lab.example; '*' and 'null' are not taken, got '*'"
    ],
    [
      'a script as contact',
      'portal: { url: https://a.b.example, contact: "javascript:alert(1)" }',
      "1:46  portal.contact  must be words, mailto:someone@lab.example or https://…, got 'javascript:alert(1)'"
    ],
    [
      'a colour without quotes',
      'portal:\n  url: https://a.b.example\n  accent: #123456',
      "3:11  portal.accent  is empty: give it a value or remove the line (an unquoted '#' begins a comment)"
    ],
    [
      'a colour by name',
      'portal: { url: https://a.b.example, accent: teal }',
      "1:45  portal.accent  must be a colour such as '#2f6f4e', got 'teal'"
    ]
  ],
  proxies: [
    ...['1', 'true'].map(
      (count): Row => [
        `a hop count (${count})`,
        `trustedProxies: ${count}`,
        '1:17  trustedProxies  must be a list of addresses or networks such as [10.0.0.1, 10.1.0.0/16]; a number of hops (or true) is refused, because every client could then invent its address (GHSA-3m5p-2c4r-xxw2)'
      ]
    ),
    [
      'a hop count in a list',
      'trustedProxies: [1]',
      '1:18  trustedProxies[0]  must be a list of addresses or networks such as [10.0.0.1, 10.1.0.0/16]; a number of hops (or true) is refused, because every client could then invent its address (GHSA-3m5p-2c4r-xxw2)'
    ],
    [
      'a name',
      'trustedProxies: [proxy.lab.example]',
      "1:18  trustedProxies[0]  must be an address or network such as 10.1.2.3 or 10.0.0.0/8, got 'proxy.lab.example'"
    ],
    [
      'a prefix too long',
      'trustedProxies: [10.0.0.0/33, "fe80::/129"]',
      "1:18  trustedProxies[0]  must have a prefix from /0 to /32, got '10.0.0.0/33'",
      "1:31  trustedProxies[1]  must have a prefix from /0 to /128, got 'fe80::/129'"
    ],
    [
      'a scoped address',
      'trustedProxies: ["fe80::1%eth0"]',
      "1:18  trustedProxies[0]  must be an address or network such as 10.1.2.3 or 10.0.0.0/8, got 'fe80::1%eth0'"
    ]
  ],
  headers: [
    ...[
      'Host',
      'cookie',
      'Connection',
      'Content_Length',
      'X-Forwarded-Host',
      'X.Factorgate.Assertion',
      'Sec-Fetch-Site'
    ].map(
      (name): Row => [
        `${name} for identity`,
        apps(`identityHeaders: { user: ${name} }`),
        `2:98  apps[0].identityHeaders.user  must not be a header that carries the request itself or that the gate sets, got '${name}'`
      ]
    ),
    [
      'credentials for identity',
      apps('identityHeaders: { user: Authorization }'),
      "2:98  apps[0].identityHeaders.user  must not be a header that carries credentials of another kind, got 'Authorization'"
    ],
    [
      'a header that is none',
      apps('identityHeaders: { user: "Remote User" }'),
      '2:98  apps[0].identityHeaders.user  must be a header name: letters, digits and -, without blanks or colon'
    ],
    [
      'identity headers that are one to some servers',
      apps('identityHeaders: { user: X_Who, name: x-who }'),
      '2:111  apps[0].identityHeaders.name  must differ from apps[0].identityHeaders.user: apps cannot tell the two headers apart'
    ],
    [
      'an identity header that is a default elsewhere',
      apps('identityHeaders: { name: remote-user }'),
      '2:98  apps[0].identityHeaders.name  must differ from apps[0].identityHeaders.user: apps cannot tell the two headers apart'
    ],
    [
      'a fixed header over identity',
      apps('addHeaders: { Remote_User: root }'),
      '2:100  apps[0].addHeaders.Remote_User  must differ from apps[0].identityHeaders.user: apps cannot tell the two headers apart'
    ],
    ...['Host', 'X-Forwarded-For', 'Forwarded'].map(
      (name): Row => [
        `a fixed ${name}`,
        apps(`addHeaders: { ${name}: x }`),
        `2:87  apps[0].addHeaders.${name}  must not be a header that carries the request itself or that the gate sets, got '${name}'`
      ]
    ),
    [
      'a line break in a value',
      apps('addHeaders: { X-A: "a\\r\\nb" }'),
      '2:92  apps[0].addHeaders.X-A  has a character that is not allowed in a header, or a space at its end'
    ]
  ],
  rules: [
    [
      'a glob without a slash',
      rules('      - { path: admin/**, access: mfa }'),
      "6:17  apps[0].rules[0].path  must begin with '/', such as /admin/**, got 'admin/**'"
    ],
    [
      'a glob with a query',
      rules('      - { path: "/a?b", access: mfa }'),
      "6:17  apps[0].rules[0].path  must not have '?' or '#': rules compare only the path, got '/a?b'"
    ],
    [
      'a method in small letters',
      rules('      - { methods: [get], access: mfa }'),
      "6:21  apps[0].rules[0].methods[0]  must be in capital letters: GET, got 'get'"
    ],
    [
      'a method nobody knows',
      rules('      - { methods: [PSOT], access: mfa }'),
      "6:21  apps[0].rules[0].methods[0]  must be an HTTP method such as POST, got 'PSOT'"
    ],
    [
      'no network',
      rules('      - { networks: [300.1.1.1], access: mfa }'),
      "6:22  apps[0].rules[0].networks[0]  must be an address or network such as 10.1.2.3 or 10.0.0.0/8, got '300.1.1.1'"
    ],
    [
      'no sign-in name',
      rules('      - { users: [Alice Smith], access: mfa }'),
      "6:19  apps[0].rules[0].users[0]  must be a sign-in name such as alice or alice@lab.example, got 'Alice Smith'"
    ],
    [
      'factors and freshness on a public path',
      rules('      - { path: /x, access: public, factors: [totp], within: 5m }'),
      '6:46  apps[0].rules[0].factors  must not be used with access: public, which asks for no factor',
      '6:62  apps[0].rules[0].within  must not be used with access: public, which asks for no factor'
    ],
    [
      'factors on a refusal',
      rules('      - { access: deny, factors: [totp] }'),
      '6:34  apps[0].rules[0].factors  must not be used with access: deny, which asks for no factor'
    ],
    [
      'a factor nobody has',
      rules('      - { access: mfa, factors: [sms] }'),
      "6:34  apps[0].rules[0].factors[0]  must be 'webauthn', 'totp' or 'recovery', got 'sms'"
    ],
    [
      'proofs that are stale at once',
      rules('      - { access: mfa, within: 1s }'),
      "6:32  apps[0].rules[0].within  must be from 10s to 365d, got '1s'"
    ]
  ],
  'store and people': [
    [
      'no store',
      'store: nonsense',
      '1:8  store  must begin with embedded:, redis://, redis+sentinel:// or redis+cluster://; with TLS it is rediss in place of redis'
    ],
    [
      'an embedded store nowhere',
      'store: "embedded:"',
      '1:8  store  must name a folder after embedded:, such as embedded:./var/store'
    ],
    ['Redis without a host', 'store: redis://', '1:8  store  must look like redis://HOST:PORT[/DATABASE]'],
    ['several hosts for one Redis', 'store: redis://a,b', '1:8  store  must look like redis://HOST:PORT[/DATABASE]'],
    [
      'Sentinel without a master',
      'store: redis+sentinel://a:26379,b',
      '1:8  store  must look like redis+sentinel://HOST:PORT,HOST:PORT/MASTERNAME[/DATABASE]'
    ],
    [
      'a Cluster with a database',
      'store: redis+cluster://a,b/3',
      '1:8  store  must look like redis+cluster://HOST:PORT,HOST:PORT (a Cluster has no database numbers)'
    ],
    ['a port out of range', 'store: redis://a:70000', '1:8  store  must look like redis://HOST:PORT[/DATABASE]'],
    [
      'a user without a password',
      'store: redis://a\nredis: { username: gate }',
      '2:20  redis.username  needs redis.password or redis.passwordFile beside it'
    ],
    [
      'TLS towards plain Sentinels',
      'store: redis+sentinel://a/m\nredis: { tls: {} }',
      '2:15  redis.tls  needs a store URL that begins with rediss: otherwise nothing would be encrypted'
    ],
    [
      'a password without its colon',
      'store: redis://password@a',
      "1:8  store  must have USER:PASSWORD or :PASSWORD before the '@', with '%', '@', '/' and ':' in a password as %25, %40, %2F and %3A"
    ],
    [
      'TLS towards plain Redis',
      'store: redis://a\nredis: { tls: {} }',
      '2:15  redis.tls  needs a store URL that begins with rediss: otherwise nothing would be encrypted'
    ],
    [
      'half a client certificate',
      'store: rediss://a\nredis: { tls: { key: k } }',
      "2:22  redis.tls.key  must name a readable file; there is no such file: '/etc/gate/k'",
      '2:22  redis.tls.key  needs redis.tls.cert beside it'
    ],
    [
      "the Sentinels' password for another store",
      'store: redis://a\nredis: { sentinelPassword: p }',
      '2:28  redis.sentinelPassword  is for a store URL that begins with redis+sentinel://'
    ],
    [
      'a prefix with braces',
      'store: redis://a\nredis: { keyPrefix: "{x}" }',
      "2:21  redis.keyPrefix  must be letters, digits and : . _ -, such as 'factorgate:', got '{x}'"
    ],
    [
      'people from elsewhere',
      'identity: [{ id: ldap, kind: kerberos }]',
      "1:30  identity[0].kind  must be 'local', 'ldap', 'header', 'oidc', 'saml' or 'certificate', got 'kerberos'"
    ],
    [
      'local people twice',
      'identity: [{ id: a, kind: local }, { id: a, kind: local }]',
      "1:42  identity[1].id  must differ from identity[0].id: both are 'a'",
      "1:51  identity[1].kind  there can be one 'local' source of people only"
    ]
  ],
  'the environment': [
    [
      'a variable that is not set',
      'journal: ${JOURNAL}',
      "1:10  journal  needs the environment variable 'JOURNAL', which is not set"
    ],
    [
      'a variable that is nearly set',
      'journal: ${GATE_HOMES}/j',
      "1:10  journal  needs the environment variable 'GATE_HOMES', which is not set; did you mean 'GATE_HOME'?"
    ],
    [
      'a default for a variable',
      'journal: ${JOURNAL:-x}',
      "1:10  journal  takes '${NAME}' only, with letters, digits and '_' in the name, and no default after it"
    ],
    [
      'a variable without an end',
      'journal: "${JOURNAL"',
      "1:10  journal  has '${' without '}'; for the two characters themselves write '$${'"
    ],
    ['an empty variable', 'journal: ${EMPTY}', '1:10  journal  is empty, because its variable is empty'],
    [
      'a variable that is no number',
      'listen: { port: "${GATE_HOME}" }',
      "1:17  listen.port  must be a whole number from 0 to 65535, got '${GATE_HOME}'"
    ]
  ]
}

for (const [group, rows] of Object.entries(groups))
  t.test(`says exactly what is wrong: ${group}`, async t => {
    for (const [sentence, text, ...expected] of rows) {
      const loaded = read(text, { GATE_HOME: '/srv', EMPTY: '' })
      t.same([loaded.kind, ...said(loaded)], ['bad', ...expected], sentence)
    }
  })

t.test('says what YAML cannot read, in our words', async t => {
  const rows: [text: string, expected: string][] = [
    [
      '',
      '1:1  is empty; it needs at least portal.url and apps. `factorgate init` writes a commented file to begin with'
    ],
    [
      '# only a comment\n',
      '1:1  is empty; it needs at least portal.url and apps. `factorgate init` writes a commented file to begin with'
    ],
    ['just words', '1:1  must be a map with the keys'],
    ['portal:\n\turl: x', '2:1  a tab is used for indentation; YAML takes spaces only'],
    [
      'portal:\n  title: Lab: main',
      "2:10  a second ':' in one value: indent the line below as the one above, or put quotes around the text"
    ],
    ['trustedProxies: [10.0.0.1\nportal: x', '2:1  a [ or { that was opened before is not closed here'],
    ['portal: { title: "Lab }', '1:24  a quote that was opened before is never closed'],
    ['journal: @x', '1:10  a value cannot begin with this character; put quotes around it'],
    ['journal: *x', '1:10  this alias (*name) has no anchor (&name) before it'],
    ['journal: !env X', '1:10  tags (!name) are not understood here; in front of text, put quotes around it'],
    ['journal: a\n---\njournal: b', "2:1  only one document is read; remove what follows '---'"],
    [
      'apps:\n - id: a\n   url: b\n  upstream: c',
      "4:1  wrong indentation: this line is neither part of the item above nor begins with '- '"
    ],
    ['redis: { password: ${REDIS_PASSWORD} }', '1:21  inside { … } and [ … ] put quotes around it: "${REDIS_PASSWORD}"']
  ]
  for (const [text, expected] of rows) {
    const loaded = parseConfig(text, '/etc/gate/factorgate.yaml')
    t.equal(loaded.kind, 'bad')
    t.ok(said(loaded)[0]?.startsWith(expected), JSON.stringify(text), { said: said(loaded), expected })
  }
})

t.test('says everything at once, in the order of the file, and goes on after each problem', async t => {
  const text = [
    'listen: { prot: 1 }',
    'portal: { url: "http://gate.example.org" }',
    'store: nonsense',
    'apps:',
    '  - id: one',
    '    url: not a url',
    '    upstream: ftp://x'
  ].join('\n')
  const loaded = parseConfig(text, 'bad.yaml')
  t.equal(loaded.kind, 'bad')
  if (loaded.kind !== 'bad') return
  t.same(loaded.problems.map(formatProblem), [
    "bad.yaml:1:11  listen.prot  unknown key 'prot', did you mean 'port'?",
    'bad.yaml:2:16  portal.url  must be https, because others can read passwords and sessions on the network: write https://gate.example.org (or accept that with unsafeHttp: true)',
    'bad.yaml:3:8  store  must begin with embedded:, redis://, redis+sentinel:// or redis+cluster://; with TLS it is rediss in place of redis',
    "bad.yaml:6:10  apps[0].url  must be an http(s) URL such as https://app.lab.example, got 'not a url'",
    "bad.yaml:7:15  apps[0].upstream  must be an http(s) or unix URL, got 'ftp://x'"
  ])
})
