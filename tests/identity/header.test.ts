/** A proxy in front that signs people in: whom the gate believes, and which headers it refuses. */
import t from 'tap'
import { timeUnknown } from '../../src/factor/proof.ts'
import { HeaderInstitution, type HeaderOptions } from '../../src/identity/header.ts'

const secret = 'a-secret-of-the-front'
const source = { id: 'front', title: 'Front', realm: null, groupMap: null, enrolment: 'invitation' } as const
const options: HeaderOptions = {
  source,
  from: ['127.0.0.1', '2001:db8::/64'],
  headers: {
    id: null,
    name: 'X-Remote-User',
    display: 'X-Remote-Name',
    email: 'X-Remote-Email',
    groups: 'X-Remote-Groups',
    mfa: 'X-Remote-Context'
  },
  separator: ';',
  secret: { header: 'X-Gate-Secret', value: secret },
  mfaValues: ['mfa', 'https://refeds.org/profile/mfa']
}

const latin1 = (text: string) => Buffer.from(text).toString('latin1')
const read = (lines: readonly string[], more: Partial<HeaderOptions> = {}, peer = '127.0.0.1') =>
  new HeaderInstitution({ ...options, ...more }).read({ peer, rawHeaders: lines })
const good = ['Host', 'gate', 'X-Gate-Secret', secret, 'X-Remote-User', 'alice']

t.test('what the proxy says becomes an arrival', async t => {
  const answer = read([
    ...good,
    'x-remote-name',
    latin1('Żółć Łukasz'),
    'X-REMOTE-EMAIL',
    'alice@lab.example',
    'X-Remote-Groups',
    latin1('staff; ärzte;semi\\;colon;;cn=a,ou=b'),
    'X-Remote-Context',
    'password;mfa'
  ])
  t.strictSame(answer, {
    kind: 'arrived',
    arrival: {
      externalId: 'alice',
      name: 'alice',
      displayName: 'Żółć Łukasz',
      email: 'alice@lab.example',
      groups: ['staff', 'ärzte', 'semi;colon', 'cn=a,ou=b'],
      mfa: { at: timeUnknown }
    },
    session: { sid: null, hint: null, endsAt: null }
  })
})

const arrivals: [sentence: string, lines: string[], expected: object, more?: Partial<HeaderOptions>][] = [
  ['headers that are not there say nothing', good, { displayName: null, email: null, groups: [], mfa: null }],
  [
    "Apache's (null) says nothing",
    [...good, 'X-Remote-Name', '(null)', 'X-Remote-Groups', '(null)', 'X-Remote-Context', '(null)'],
    { displayName: null, groups: [], mfa: null }
  ],
  [
    'a value that only begins like one of `mfa` counts for nothing',
    [...good, 'X-Remote-Context', 'mfa2'],
    { mfa: null }
  ],
  ['any of the proxies in a network is believed', good, { name: 'alice' }],
  [
    'a name is one person in any spelling',
    ['X-Gate-Secret', secret, 'X-Remote-User', 'Alice@LAB.example'],
    { externalId: 'alice@lab.example', name: 'Alice@LAB.example' }
  ],
  [
    'an id of its own is kept to the letter',
    [...good, 'X-Remote-Id', 'A-1'],
    { externalId: 'A-1' },
    { headers: { ...options.headers, id: 'X-Remote-Id' } }
  ],
  [
    'with a comma between groups, a semicolon is part of a name',
    [...good, 'X-Remote-Groups', 'a;b,c'],
    { groups: ['a;b', 'c'] },
    { separator: ',' }
  ]
]
for (const [sentence, lines, expected, more] of arrivals)
  t.test(sentence, async t => {
    t.match(read(lines, more), { kind: 'arrived', arrival: expected })
    t.match(read(lines, more, '2001:db8::7'), { kind: 'arrived' })
  })

const refusals: [sentence: string, lines: string[], detail: RegExp, code?: string][] = [
  ['no secret', ['X-Remote-User', 'alice'], /secret in X-Gate-Secret is missing or wrong/],
  ['a wrong secret', ['X-Gate-Secret', `${secret}x`, 'X-Remote-User', 'alice'], /missing or wrong/],
  ['a part of the secret', ['X-Gate-Secret', secret.slice(0, -1), 'X-Remote-User', 'alice'], /missing or wrong/],
  ['the secret twice', [...good, 'X-Gate-Secret', secret], /X-Gate-Secret came twice/],
  ['a name twice', [...good, 'X-Remote-User', 'root'], /X-Remote-User came twice/],
  ['the same name twice', [...good, 'x-remote-user', 'alice'], /X-Remote-User came twice/],
  ['a name with _ beside it', [...good, 'X_Remote_User', 'root'], /X-Remote-User came in another spelling/],
  ['a name with . before it', ['X.Remote.User', 'root', ...good], /another spelling/],
  ['groups in another spelling alone', [...good, 'X_Remote-Groups', 'operators'], /X-Remote-Groups came in another/],
  ['the secret in another spelling', ['X_Gate_Secret', secret, 'X-Remote-User', 'alice'], /another spelling/],
  ['groups twice', [...good, 'X-Remote-Groups', 'a', 'X-Remote-Groups', 'operators'], /X-Remote-Groups came twice/],
  ['a name that is not UTF-8', ['X-Gate-Secret', secret, 'X-Remote-User', 'z\xfcrich'], /not UTF-8/],
  ['nobody', ['X-Gate-Secret', secret], /nobody is signed in at the proxy/, 'institution_refused'],
  ['an empty name', ['X-Gate-Secret', secret, 'X-Remote-User', ' '], /nobody is signed in/, 'institution_refused'],
  ['the name (null)', ['X-Gate-Secret', secret, 'X-Remote-User', '(null)'], /nobody is signed/, 'institution_refused']
]
t.test('I47 · names twice, other spellings, other peers, wrong secrets → refused', async t => {
  for (const [sentence, lines, detail, code = 'institution_answer_invalid'] of refusals) {
    const answer = read(lines)
    t.match(answer, { kind: 'refused', code, detail }, sentence)
    t.notMatch(JSON.stringify(answer), new RegExp(secret.slice(0, 8)), 'and the detail does not show the secret')
  }
  for (const peer of ['127.0.0.2', '::1', 'unknown', '2001:db8:0:1::1'])
    t.match(read(good, {}, peer), { code: 'institution_answer_invalid', detail: /not in 'from'/ }, `from ${peer}`)
  const withId = { headers: { ...options.headers, id: 'X-Remote-Id' } }
  t.match(
    read(good, withId),
    { kind: 'refused', detail: /X-Remote-Id is missing/ },
    'an id that is configured and absent'
  )
})
