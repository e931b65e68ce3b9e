import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { Maker } from '../fixtures/in-process/maker.ts'
import { read, said } from './read.ts'

const model = 'fa2b99dc-9e39-4257-8f92-4a30d23c4118'
const webauthn = (keys: string, more = '') => `factors: { webauthn: { ${keys} } }\n${more}`
const keysOnly =
  'apps: [{ id: x, url: https://x.lab.example, upstream: http://10.9.9.9, rules: [{ access: mfa, factors: [webauthn] }] }]\nsession: { idle: 15m, absolute: 12h }'

t.test('a policy fills in what follows from it', async t => {
  const root = await new Maker(t).root()
  const rows: [keys: string, loaded: object][] = [
    ['', { policy: null, attestation: 'none' }],
    ['policy: { syncedPasskeys: refuse }', { attestation: 'none', policy: { syncedPasskeys: 'refuse', allow: null } }],
    [`policy: { trustAnchors: ["${root.file}"] }`, { attestation: 'direct', policy: { syncedPasskeys: 'allow' } }],
    [`attestation: enterprise, policy: { trustAnchors: ["${root.file}"] }`, { attestation: 'enterprise' }],
    [`policy: { profile: aal3, trustAnchors: ["${root.file}"] }`, { policy: { syncedPasskeys: 'refuse' } }],
    [
      `policy: { allow: [${model.toUpperCase()}, "${model.replaceAll('-', '')}"] }`,
      { policy: { allow: [model, model] } }
    ]
  ]
  for (const [keys, expected] of rows) {
    const loaded = read(webauthn(keys))
    t.match(loaded.kind === 'ok' ? loaded.config.factors.webauthn : said(loaded), expected, keys)
  }
  const loaded = read(webauthn(`policy: { trustAnchors: ["${root.file}"] }`))
  t.ok(loaded.kind === 'ok' && loaded.files.includes(root.file), 'the files are read again when they change')
})

t.test('says what is wrong, and what is only a claim', async t => {
  const root = await new Maker(t).root()
  const empty = path.join(path.dirname(root.file), 'empty.pem')
  writeFileSync(empty, 'nothing\n')
  const anchors = `trustAnchors: ["${root.file}"]`
  const rows: [what: string, text: string, ...expected: RegExp[]][] = [
    ['no AAGUID', webauthn('policy: { allow: [yubikey] }'), /allow\[0\] {2}must be an AAGUID such as .* got 'yubikey'/],
    ['an empty list', webauthn('policy: { allow: [] }'), /allow {2}is an empty list/],
    [
      'in both lists',
      webauthn(`policy: { ${anchors}, allow: [${model}], deny: [${model}] }`),
      /deny\[0\] {2}must not be in .*allow too/
    ],
    [
      'no such file',
      webauthn('policy: { trustAnchors: [/nowhere/x.pem] }'),
      /trustAnchors\[0\] {2}must name a readable file; there is no such file/
    ],
    [
      'no certificate',
      webauthn(`policy: { trustAnchors: ["${empty}"] }`),
      /trustAnchors\[0\] {2}must name a PEM file with one certificate/
    ],
    [
      'anchors that nobody is asked for',
      webauthn(`attestation: none, policy: { ${anchors} }`),
      /attestation {2}contradicts .*trustAnchors/
    ],
    [
      'models without anchors',
      webauthn(`policy: { allow: [${model}] }`),
      /allow {2}goes by what the device says of itself, which nobody vouches for/
    ],
    ['denied models without anchors', webauthn(`policy: { deny: [${model}] }`), /deny {2}goes by what the device says/],
    [
      'AAL3 without anchors',
      webauthn(`policy: { profile: aal3, allow: [${model}] }`, keysOnly),
      /profile {2}needs .*trustAnchors beside it/
    ],
    [
      'AAL3 with synced ones',
      webauthn(`policy: { profile: aal3, ${anchors}, allow: [${model}], syncedPasskeys: allow }`, keysOnly),
      /syncedPasskeys {2}must be refuse/
    ],
    [
      'AAL3 without a PIN',
      webauthn(`userVerification: preferred, policy: { profile: aal3, ${anchors}, allow: [${model}] }`, keysOnly),
      /userVerification {2}must be required/
    ],
    ['AAL3 of all models', webauthn(`policy: { profile: aal3, ${anchors} }`, keysOnly), /profile {2}takes every model/],
    [
      'AAL3 beside codes and long sessions',
      webauthn(`policy: { profile: aal3, ${anchors}, allow: [${model}] }`),
      /profile {2}holds for passkeys only: apps\[0\]\.rules\[0\] takes other factors too/,
      /profile {2}asks for shorter sessions/
    ],
    ['AAL3 as it should be', webauthn(`policy: { profile: aal3, ${anchors}, allow: [${model}] }`, keysOnly)],
    ['models with anchors', webauthn(`policy: { ${anchors}, allow: [${model}], syncedPasskeys: refuse }`)],
    ['another profile', webauthn('policy: { profile: aal2 }'), /profile {2}must be 'aal3', got 'aal2'/]
  ]
  for (const [what, text, ...expected] of rows) {
    const lines = said(read(text))
    t.equal(lines.length, expected.length, `${what}: ${lines.join('; ')}`)
    for (const [i, line] of expected.entries()) t.match(lines[i], line, what)
  }
})
