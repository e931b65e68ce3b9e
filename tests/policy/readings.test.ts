import fc from 'fast-check'
import t from 'tap'
import { decide } from '../../src/policy/decide.ts'
import type { Decision } from '../../src/policy/decision.ts'
import type { Rule } from '../../src/policy/policy.ts'
import { parseTarget } from '../../src/request/target.ts'
import { cases } from '../fixtures/in-process/cases.ts'
import { oddPath } from '../request/odd-paths.ts'
import { habits, servers } from '../request/servers.ts'
import { alice, brief, deny, mfa, pub, question, signedIn, verdict } from './ask.ts'

const rules: Rule[] = [
  { path: '/static/**', outcome: pub },
  { path: '/admin/**', outcome: deny },
  { path: '/admin-public', outcome: pub },
  { groups: ['researchers'], outcome: mfa() }
]
const me = { subject: alice, proofs: signedIn }

const denied: [id: string, raw: string][] = [
  ['P1', '/admin%23/public'],
  ['P1', '/static%23/../admin'],
  ['P2 CVE-2025-54576', '/admin?x=/static/'],
  ['P2', '/admin?/static/../static'],
  ['P3 CVE-2026-33494', '/static/../admin'],
  ['P3', '/static/%2e%2e/admin'],
  ['P3', '/static/%2e%2e%2fadmin'],
  ['P3', '/static/..;/admin'],
  ['P3', '/static/.%2e/admin'],
  ['P3', '/static/x/..%5c..%5cadmin'],
  ['P5', '/static/%2E./admin'],
  ['P5', '/static/..%2fadmin'],
  ['P7 CVE-2026-33804', '/%61dmin'],
  ['P7', '//admin'],
  ['P7', '/admin;x=1'],
  ['P7', '/admin/'],
  ['P7', '/ADMIN'],
  ['P7', '/admin%2fx'],
  ['P10 CVE-2026-27587', '/%41dmin'],
  ['P10', '/Static/../aDmin'],
  ['P12 CVE-2026-0976', '/admin;/'],
  ['P12', '/;/admin'],
  ['P12', '/static;x/../admin'],
  ['P13', '/%C0%AFadmin'],
  ['P13', '/./admin'],
  ['P13', '/%u002fadmin'],
  ['P13', '/x%u002f..%u002fadmin'],
  ['several steps', '/data\\..\\admin/x'],
  ['several steps', '/%2561dmin/x'],
  ['several steps', '/data/..;/admin/x'],
  ['several steps', '/\\admin'],
  ['new URL()', '//static/admin'],
  ['new URL()', '/\\static/admin'],
  ['Windows', '/admin./x'],
  ['Windows', '/admin%20/x'],
  ['Windows', '/admin::$DATA'],
  ['Unicode', '/%EF%BD%81dmin'],
  ['Unicode', '/static/%EF%BC%8E%EF%BC%8E%EF%BC%8Fadmin'],
  ['Unicode', '/adm%C4%B1n'],
  ['Unicode', '/ADM%C4%B0N%CC%87/../admin']
]
for (const [id, raw] of denied)
  t.test(`${id}: ${raw} is judged as /admin`, async t => t.equal(verdict(rules, raw, me), 'not_allowed'))

t.test('P14 no spelling of a traversal out of a public path is public', async t => {
  const dots = [
    '..',
    '%2e%2e',
    '.%2e',
    '%2e.',
    '%252e%252e',
    '..;',
    '..;x',
    '%c0%ae%c0%ae',
    '%c0%2e%c0%2e',
    '%e0%80%ae%e0%80%ae',
    '%u002e%u002e',
    '%%32%65%%32%65',
    '%ef%bc%8e%ef%bc%8e',
    '%e2%80%a5',
    '..%20',
    '..%ff',
    '%25c0%25ae%25c0%25ae',
    '%f0%80%80%ae%f0%80%80%ae',
    '%fc%80%80%80%80%ae%fc%80%80%80%80%ae'
  ]
  const slashes = [
    '/',
    '\\',
    '%2f',
    '%5c',
    '%252f',
    '%255c',
    '%c0%af',
    '%c1%9c',
    '%c0%2f',
    '%c0%qf',
    '%c1%pc',
    '%u002f',
    '%u2215',
    '%u2216',
    '%ef%bc%8f',
    '//',
    '/./',
    '%%32%66',
    '%e0%80%af'
  ]
  for (const dot of dots)
    for (const slash of slashes)
      for (const depth of [1, 3]) {
        const raw = `/static/${(dot + slash).repeat(depth)}admin`
        const target = parseTarget(raw)
        if (target !== null)
          t.equal(brief(decide({ ...question(rules, '/', me), readings: target.readings })), 'not_allowed', raw)
      }
})

const harmless = [
  '/a//b',
  '/a;x=1/b',
  '/caf%E9',
  '/a%2Fb',
  "/x'(~)!*,",
  '/a%20b?x=%zz;y',
  '/A.B/%7Euser',
  '/a\\..\\b',
  '/%zz',
  '/a/../b',
  '/a/.../b',
  '/%E6%97%A5.csv',
  '/administrator',
  '/my-admin/x',
  '/wiki/What%3F_100%25_C%2B%2B',
  '/web/http://example.org/a'
]
for (const raw of harmless)
  t.test(`a harmless odd path is forwarded: ${raw}`, async t => t.equal(verdict(rules, raw, me), 'forward'))

const harmlessPublic = [
  '/static/a%20b.css',
  '/static/caf%E9.css',
  '/static/%E6%97%A5.css',
  '/static//a.css',
  '/static/a/../b.css',
  '/static/v1;x/a.css',
  '/static/a%2Fb'
]
for (const raw of harmlessPublic)
  t.test(`a harmless odd path stays public: ${raw}`, async t => t.equal(verdict(rules, raw), 'forward'))

t.test('letter case is one more reading, unless the app tells it apart', async t => {
  t.equal(verdict(rules, '/STATIC/x'), 'sign_in_required', 'a public path in other letters is not public')
  t.equal(verdict(rules, '/ADMIN/x', me), 'not_allowed', 'a denied path in other letters is denied')
  t.equal(verdict(rules, '/ADMIN/x', me, true), 'forward', 'caseSensitive: another path')
  t.equal(verdict(rules, '/Static/x', {}, true), 'sign_in_required')
  const capitals: Rule[] = [{ path: '/Admin/**', outcome: deny }, { outcome: mfa() }]
  t.equal(verdict(capitals, '/admin/x', me), 'not_allowed', 'a rule in capitals covers small letters')
  t.equal(verdict(capitals, '/Admin/x', me), 'not_allowed')
  t.equal(verdict(capitals, '/admin/x', me, true), 'forward')
})

const spelled: [glob: string, raw: string][] = [
  ['/café/**', '/caf%C3%A9/x'],
  ['/café/**', '/caf%c3%a9/x'],
  ['/café/**', '/caf%E9/x'],
  ['/café/**', '/cafe%CC%81/x'],
  ['/café/**', '/CAF%C3%89/x'],
  ['/café/**', '/CAF%C9/x'],
  ['/cafe\u0301/**', '/caf%C3%A9/x'],
  ['/caf%C3%A9/**', '/caf%C3%A9/x'],
  ['/caf%E9/**', '/caf%E9/x'],
  ['/My Files/**', '/My%20Files/x'],
  ['/My%20Files/**', '/My%20Files/x'],
  ['/a%2Fb', '/a%2fb'],
  ['/a%2Fb', '/a/b'],
  ['/日本/*', '/%E6%97%A5%E6%9C%AC/x']
]
for (const [glob, raw] of spelled)
  t.test(`a rule for ${glob} covers ${raw}`, async t =>
    t.equal(verdict([{ path: glob, outcome: deny }, { outcome: mfa() }], raw, me), 'not_allowed')
  )

for (const [glob, raw] of [
  ['/café/**', '/caf%C3%A9/x'],
  ['/My Files/**', '/My%20Files/x'],
  ['/日本/*', '/%E6%97%A5%E6%9C%AC/x']
] as const)
  t.test(`a public ${glob} opens ${raw} as browsers send it`, async t => {
    t.equal(verdict([{ path: glob, outcome: pub }], raw), 'forward')
    t.equal(verdict([{ path: glob, outcome: pub }], raw, {}, true), 'forward')
  })

const strictnessOf = (decision: Decision) =>
  [
    'forward',
    'fresh_proof_required',
    'other_factor_required',
    'second_factor_required',
    'sign_in_required',
    'not_allowed'
  ].indexOf(brief(decision))

/** Encodings of one path that some servers understand. */
const disguises: ((path: string, at: number) => string)[] = [
  (path, at) => replaceAt(path, at, char => (char === '/' ? char : escapeOf(char))),
  (path, at) => replaceAt(path, at, char => (char === '/' ? '//' : char)),
  (path, at) => replaceAt(path, at, char => (char === '/' ? '/./' : char)),
  (path, at) => replaceAt(path, at, char => (char === '/' ? '/x/../' : char)),
  (path, at) => replaceAt(path, at, char => (char === '/' ? '/static/..;a/' : char)),
  (path, at) => replaceAt(path, at, (char, index) => (char === '/' && index > 0 ? '%2f' : char)),
  (path, at) => replaceAt(path, at, (char, index) => (char === '/' && index > 0 ? '\\' : char)),
  (path, at) => replaceAt(path, at, (char, index) => (char === '/' && index > 0 ? ';p/' : char)),
  (path, at) =>
    replaceAt(path, at, (char, index) => (char === '/' && index > 0 && path[index - 1] !== '.' ? './' : char)),
  (path, at) => replaceAt(path, at, char => char.toUpperCase()),
  path => path.replaceAll('%', '%25'),
  path => `${path};x`,
  path => `${path}/`,
  path => `${path}%20`,
  path => `${path}%3Fx`,
  path => `/static/..${path}`
]

function replaceAt(path: string, at: number, change: (char: string, index: number) => string): string {
  const index = at % path.length
  const isInEscape = path[index] === '%' || path[index - 1] === '%' || path[index - 2] === '%'
  return isInEscape ? path : path.slice(0, index) + change(path[index]!, index) + path.slice(index + 1)
}

function escapeOf(char: string): string {
  return `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`
}

t.test('no spelling of a protected path is treated more mildly than the path itself', async t => {
  const steps = fc.array(fc.tuple(fc.nat(disguises.length - 1), fc.nat(40)), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(fc.constantFrom('/admin', '/admin/x', '/admin/users/1'), steps, (path, steps) => {
      const raw = steps.reduce<string>((spelled, [which, at]) => disguises[which]!(spelled, at), path)
      const target = parseTarget(raw)
      if (target === null) return
      const result = brief(decide({ ...question(rules, '/', me), readings: target.readings }))
      if (result !== 'not_allowed') throw new Error(`${raw} is ${result}`)
    }),
    { numRuns: cases(1500) }
  )
  t.pass()
})

t.test('whatever a server serves is judged at least as strictly as if it had been asked for by name', async t => {
  const places = ['/static/**', '/admin/**', '/a/**', '/**/admin', '/*', '/**.', '/a*'].map(path => ({ path }))
  const rule = fc
    .tuple(fc.constantFrom(...places), fc.constantFrom(pub, deny, mfa(), mfa(60), mfa(null, 'webauthn')))
    .map(([place, outcome]): Rule => ({ ...place, outcome }))
  const all = { ...servers, ...habits }
  fc.assert(
    fc.property(
      oddPath,
      fc.array(fc.constantFrom(...Object.keys(all)), { minLength: 1, maxLength: 3 }),
      fc.array(rule, { maxLength: 5 }),
      fc.boolean(),
      fc.boolean(),
      (raw, names, rules, isSignedIn, caseSensitive) => {
        const target = parseTarget(raw)
        if (target === null) return
        let served = target.path
        try {
          for (const name of names) served = all[name]!(served)
        } catch {
          return
        }
        if (!served.startsWith('/')) return
        const asked = question(rules, '/', isSignedIn ? me : {}, caseSensitive)
        const asSent = decide({ ...asked, readings: target.readings })
        const asServed = decide({ ...asked, readings: [served] })
        if (strictnessOf(asSent) < strictnessOf(asServed))
          throw new Error(`${raw} is ${brief(asSent)}, but it is served as ${served}, which is ${brief(asServed)}`)
      }
    ),
    { numRuns: cases(1500) }
  )
  t.pass()
})
