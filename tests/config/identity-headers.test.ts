import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { headerProfileNames, withProfile } from '../../src/identity/header-profiles.ts'
import { read, said } from './read.ts'

const app = (more: string) => `apps:\n  - { id: one, url: https://one.lab.example, upstream: http://10.1.1.1, ${more} }`
const headersOf = (text: string) => {
  const loaded = read(app(`identityHeaders: ${text}`))
  return loaded.kind === 'ok' ? loaded.config.apps[0]!.identityHeaders : said(loaded)
}

t.test('a profile is given by its name, alone or with keys that differ', async t => {
  for (const profile of headerProfileNames) {
    t.strictSame(headersOf(profile), withProfile(profile), profile)
    t.match(headersOf(`{ profile: ${profile} }`), withProfile(profile), `${profile} in a map`)
  }
  t.match(
    headersOf('{ profile: x-forwarded-user, preferredUsername: null, name: X-Forwarded-Name, encoding: percent }'),
    {
      user: 'X-Forwarded-User',
      preferredUsername: null,
      name: 'X-Forwarded-Name',
      email: 'X-Forwarded-Email',
      encoding: 'percent'
    }
  )
})

t.test('a shared secret comes from a file', async t => {
  const file = path.join(t.testdir({}), 'gx-secret')
  writeFileSync(file, 'hunter2\n')
  const loaded = read(app(`identityHeaders: { profile: galaxy, secretFile: ${file} }`))
  t.equal(loaded.kind === 'ok' && loaded.config.apps[0]!.identityHeaders.secret, 'hunter2')
  t.same(loaded.kind === 'ok' && [...loaded.secrets.keys()], [file], 'and is read again when the file changes')
})

const mistakes: [sentence: string, more: string, problem: string][] = [
  [
    'a profile that is none',
    'identityHeaders: remote-usr',
    "2:90  apps[0].identityHeaders  must be 'remote-user', 'x-forwarded-user', 'x-auth-request', 'x-webauth-user', 'rstudio', 'galaxy' or 'custom', got 'remote-usr'; did you mean 'remote-user'?"
  ],
  [
    'an encoding that is none',
    'identityHeaders: { encoding: utf8 }',
    "2:102  apps[0].identityHeaders.encoding  must be 'utf-8', 'latin-1', 'percent', 'rfc2047', 'quoted-printable' or 'ascii', got 'utf8'; did you mean 'utf-8'?"
  ],
  [
    'a shared secret that no header carries',
    'identityHeaders: { profile: rstudio, secret: hunter2 }',
    '2:118  apps[0].identityHeaders.secret  needs apps[0].identityHeaders.secretHeader beside it: the header that carries it'
  ],
  [
    'a profile whose header is taken',
    'identityHeaders: x-webauth-user, addHeaders: { X_Webauth_Name: root }',
    '2:136  apps[0].addHeaders.X_Webauth_Name  must differ from apps[0].identityHeaders.name: apps cannot tell the two headers apart'
  ]
]
for (const [sentence, more, problem] of mistakes)
  t.test(`says what is wrong: ${sentence}`, async t => {
    t.same(said(read(app(more))), [problem])
  })
