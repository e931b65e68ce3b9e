/** Rules as sentences: each says to people what `decide()` does with the rule. */
import t from 'tap'
import { factorKinds } from '../../src/factor/kinds.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import { decide } from '../../src/policy/decide.ts'
import type { Rule } from '../../src/policy/policy.ts'
import { policySentences, sentenceOf } from '../../src/policy/policy-text.ts'

const any = { access: 'mfa', requirement: { factors: factorKinds, institution: true, withinSeconds: null } } as const
const passkey = {
  access: 'mfa',
  requirement: { factors: ['webauthn'], institution: false, withinSeconds: 900 }
} as const
const open = { access: 'public' } as const
const deny = { access: 'deny' } as const

const sentences: readonly (readonly [Rule, string])[] = [
  [{ outcome: open }, 'Everybody may use everything, without signing in.'],
  [
    { path: '/static/**', methods: ['GET'], outcome: open },
    'Everybody may use /static and everything below it, with the method GET (and HEAD), without signing in.'
  ],
  [
    { groups: ['staff'], outcome: open },
    'People of the group staff may use everything, after they have signed in with any second factor.'
  ],
  [
    { outcome: any },
    'Everybody with an account may use everything, with any second factor, also one that their institution has checked.'
  ],
  [
    { path: '/admin', groups: ['staff', 'root'], networks: ['10.0.0.0/8', '192.0.2.7'], outcome: passkey },
    'People of the groups staff or root may use /admin, from 10.0.0.0/8 or 192.0.2.7, with a passkey or security key, shown at most 15 minutes before.'
  ],
  [
    { users: ['ada', 'otto'], groups: ['staff'], path: '/a/*/b', outcome: any },
    'ada or otto, as a member of the group staff, may use each path of the form /a/*/b, with any second factor, also one that their institution has checked.'
  ],
  [
    { users: ['ada'], outcome: { ...passkey, freshFor: 100 * 1024 ** 2 } },
    'ada may use everything, with a passkey or security key, shown at most 15 minutes before, and shown again after each 100 MiB.'
  ],
  [{ path: '/admin/**', outcome: deny }, 'Nobody may use /admin and everything below it.'],
  [{ users: ['mallory'], outcome: deny }, 'mallory may not use anything.'],
  [
    {
      path: '/x',
      methods: ['GET', 'HEAD', 'POST'],
      outcome: { access: 'mfa', requirement: { factors: ['totp', 'recovery'], withinSeconds: 90 } }
    },
    'Everybody with an account may use /x, with the methods GET, HEAD or POST, with a code of an authenticator app or a recovery code, shown at most 90 seconds before.'
  ]
]

t.test('a rule is a sentence', async t => {
  for (const [rule, sentence] of sentences) t.equal(sentenceOf(rule), sentence)
})

t.test('characters that turn a text round are shown', async t => {
  t.match(sentenceOf({ path: '/a\u202eb', outcome: deny }), '/a\\u{202e}b')
})

t.test('what holds where no rule does', async t => {
  t.match(
    policySentences(compilePolicy([], true)).otherwise,
    /^Nobody may use anything: whoever is signed in is refused/
  )
  const policy = compilePolicy([{ path: '/a', outcome: open }], false)
  t.match(policySentences(policy), {
    rules: ['Everybody may use /a, without signing in.'],
    otherwise: /^Nobody may use anything else: .* Capital and small letters in a path mean the same\.$/
  })
})

t.test('a sentence and the decision agree about who needs to sign in', async t => {
  const question = { appId: 'a', method: 'GET', address: '10.0.0.1', subject: null, proofs: [], now: 0 }
  for (const [rule, sentence] of sentences) {
    const path = rule.path?.replace('/**', '/x').replace('*', 'x') ?? '/x'
    const answer = decide({ ...question, policy: compilePolicy([rule], true), readings: [path] })
    t.equal(answer.kind === 'forward', sentence.endsWith('without signing in.'), sentence)
  }
})
