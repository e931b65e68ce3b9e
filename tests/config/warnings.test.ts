import t from 'tap'
import { read, said } from './read.ts'

const rules = (text: string) =>
  `apps:\n  - id: one\n    url: https://one.lab.example\n    upstream: http://10.1.1.1\n    rules:\n${text}`

const rows: [sentence: string, text: string, ...expected: string[]][] = [
  ['says nothing about a plain configuration', 'session: { idle: 1h, absolute: 24h }'],
  [
    'idle longer than NIST recommends',
    'session: { idle: 2h }',
    '1:18  session.idle  2h is longer than the 1h that NIST SP 800-63B-4 recommends at AAL2'
  ],
  [
    'absolute longer than NIST recommends',
    'session: { absolute: 7d }',
    '1:22  session.absolute  7d is longer than the 24h that NIST SP 800-63B-4 recommends at AAL2'
  ],
  [
    'plain http',
    'unsafeHttp: true',
    '1:13  unsafeHttp  plain http is allowed: others on the network can read passwords and steal sessions'
  ],
  [
    'device keys that no app asks for',
    'device: { lifetime: 30m }',
    '1:9  device  changes nothing: no app says deviceBound'
  ],
  [
    'a forgetful store',
    'unsafeVolatileStore: true',
    '1:22  unsafeVolatileStore  a Redis that can lose its data is allowed: people may lose their factors'
  ],
  [
    'everybody as proxy',
    'trustedProxies: [0.0.0.0/0, "::/0"]',
    '1:18  trustedProxies[0]  includes every address, so every client can invent its address; list the proxies themselves',
    '1:29  trustedProxies[1]  includes every address, so every client can invent its address; list the proxies themselves'
  ],
  [
    'everybody as balancer',
    'listen: { proxyProtocol: { from: [0.0.0.0/0, 10.0.0.5] } }',
    '1:35  listen.proxyProtocol.from[0]  includes every address, so every client can invent its address; list the balancers themselves'
  ],
  [
    'https from nowhere',
    'trustedProxies: []\nportal: { url: https://g.lab.example }',
    '2:16  portal.url  is https, but listen.tls is not set and trustedProxies is empty: set listen.tls, or list the proxy that handles TLS'
  ],
  [
    'passkeys on an address',
    'portal: { url: https://10.0.0.1 }',
    '1:16  portal.url  passkeys and security keys do not work with an IP address; use a host name'
  ],
  [
    'health for everybody',
    'admin: { host: 0.0.0.0 }',
    '1:16  admin.host  health and metrics answer on every address of this machine, without any sign-in; use 127.0.0.1, or keep the port private'
  ],
  ['settings of a store that is not used', 'redis: { keyPrefix: x }', '1:8  redis  is not used: the store is embedded'],
  [
    'passwords over plain http, and for nobody',
    'apps: [{ id: a, url: https://a.example, upstream: http://10.1.1.1:80, upstreamLogin: { kind: basic, per: person }, rules: [{ access: public }] }]',
    "1:86  apps[0].upstreamLogin  sends people's passwords to 10.1.1.1 over plain http, where others on the network can read them; use https, or run the gate on the machine of the app",
    '1:86  apps[0].upstreamLogin  is never asked for: no rule of the app has access: mfa',
    '1:124  apps[0].rules[0]  opens the whole app to everybody, without signing in'
  ],
  [
    'Galaxy without its secret',
    'apps: [{ id: a, url: https://a.example, upstream: http://b, identityHeaders: galaxy }]',
    '1:78  apps[0].identityHeaders  has no secret: whoever reaches Galaxy without the gate can be anybody there; set remote_user_secret in galaxy.yml, and secretFile here'
  ],
  ['no app', 'apps: []', '1:7  apps  has no app, so the gate protects nothing yet'],
  [
    'no rule',
    rules('      []'),
    '6:7  apps[0].rules  has no rule, so the gate refuses every request; without the key `rules` the app has access: mfa'
  ],
  [
    'an app that is wholly public',
    rules('      - { access: public }'),
    '6:9  apps[0].rules[0]  opens the whole app to everybody, without signing in'
  ],
  [
    'an app that is public by a glob',
    rules('      - { path: /**, access: public }'),
    '6:9  apps[0].rules[0]  opens the whole app to everybody, without signing in'
  ],
  [
    'a public rule that asks who somebody is',
    rules('      - { path: /x, groups: [a], access: public }'),
    '6:9  apps[0].rules[0]  needs to know who the person is, so people have to sign in; write access: mfa'
  ],
  [
    'a rule after one without conditions',
    rules('      - { access: mfa }\n      - { path: /x, access: deny }'),
    '7:9  apps[0].rules[1]  is never used: rule apps[0].rules[0] matches everything that this rule matches'
  ],
  [
    'a rule after one for all paths',
    rules('      - { path: /**, groups: [a, b], access: mfa }\n      - { path: /x, groups: [a], access: deny }'),
    '7:9  apps[0].rules[1]  is never used: rule apps[0].rules[0] matches everything that this rule matches'
  ],
  [
    'a rule said twice',
    rules(
      '      - { path: /x, methods: [GET], access: mfa }\n      - { access: mfa, groups: [g] }\n      - { path: /x, methods: [GET], access: deny }'
    ),
    '8:9  apps[0].rules[2]  is never used: rule apps[0].rules[0] matches everything that this rule matches'
  ],
  [
    'says nothing where an earlier rule is narrower',
    rules(
      '      - { path: /x, groups: [a], access: mfa }\n      - { path: /x, access: deny }\n      - { methods: [GET], access: mfa }\n      - { access: mfa }'
    )
  ],
  [
    'says nothing about a public rule for one network',
    rules('      - { networks: [10.0.0.0/8], access: public }\n      - { access: mfa }')
  ]
]

t.test('warns of what is allowed but unwise', async t => {
  for (const [sentence, text, ...expected] of rows) {
    const loaded = read(text)
    t.same([loaded.kind, ...said(loaded)], ['ok', ...expected], sentence)
  }
})

t.test(
  'advises on device keys: whom they keep out, where there are none, and when a browser has too few proofs',
  async t => {
    const { kind, ...loaded } = read(`device: { lifetime: 5m }
apps:
  - { id: a, url: https://a.lab.example, upstream: http://10.1.1.1, deviceBound: required }
  - { id: b, url: https://b.lab.example, upstream: http://10.1.1.1, deviceBound: preferred }
  - { id: c, url: http://localhost, upstream: http://10.1.1.1, deviceBound: preferred }`)
    const { warnings = [], advice = [] } = loaded as Partial<Extract<ReturnType<typeof read>, { kind: 'ok' }>>
    const own = [...warnings, ...advice].filter(({ path }) => /device/i.test(path))
    t.equal(kind, 'ok')
    t.same(
      own.map(({ path, message }) => `${path} ${message}`),
      [
        'apps[2].deviceBound changes nothing: browsers make device keys for https only, and this app is on http',
        'device.lifetime is short for the 3 hosts of lab.example with device keys: a browser gives six proofs in nine minutes for all of them together, so 5m carries 2 that are in use at once; 7m carries them all',
        'apps[0].deviceBound is required: the gate lets in only browsers that can bind a sign-in to a device: today Chrome on Windows with a TPM'
      ]
    )
  }
)
