import t from 'tap'
import { isClaim } from '../../src/forwarding/claims.ts'
import { encodeValue } from '../../src/identity/header-encoding.ts'
import {
  type HeaderEncoding,
  headerEncodings,
  headerProfileNames,
  type IdentityHeaders,
  namesOf,
  withProfile
} from '../../src/identity/header-profiles.ts'
import { identityLines, type Unsent } from '../../src/identity/identity-headers.ts'
import { spellings, tokenMarks } from '../threats/h/claims.ts'

const zoe = {
  id: 'Z1',
  name: 'zoe',
  displayName: 'Zoë Krūmiņa',
  email: 'zoë@lab.example',
  groups: ['researchers', 'ärzte']
}
const every: IdentityHeaders = { user: 'U', name: 'N', email: 'E', groups: 'G' }
const bytes = (text: string) => Buffer.from(text, 'utf8').toString('latin1')

const encoded: [HeaderEncoding, string, string | null][] = [
  ['utf-8', 'Zoë', 'Zo\xc3\xab'],
  ['utf-8', '100 % =?', '100 % =?'],
  ['latin-1', 'Zoë', 'Zo\xeb'],
  ['latin-1', 'Zoe\u0308', 'Zo\xeb'],
  ['latin-1', 'Krūmiņa', null],
  ['percent', 'Zoë', 'Zo%C3%AB'],
  ['percent', '100 %', '100 %25'],
  ['percent', '%C3', '%25C3'],
  ['quoted-printable', 'Zoë', 'Zo=C3=AB'],
  ['quoted-printable', 'a=b', 'a=3Db'],
  ['rfc2047', 'Zoe', 'Zoe'],
  // The vector of Tailscale's own test of its encoding.
  ['rfc2047', 'Krūmiņa', '=?utf-8?q?Kr=C5=ABmi=C5=86a?='],
  ['rfc2047', 'Zoë B', '=?utf-8?q?Zo=C3=AB_B?='],
  ['rfc2047', '=?utf-8?q?root?=', '=?utf-8?q?=3D=3Futf=2D8=3Fq=3Froot=3F=3D?='],
  ['ascii', 'Zoe (B)', 'Zoe (B)'],
  ['ascii', '100 % =?', '100 % =?'],
  ['ascii', 'Zoë', null]
]
for (const [encoding, text, expected] of encoded)
  t.test(`${encoding} writes ${JSON.stringify(text)} as ${JSON.stringify(expected)}`, async t => {
    t.equal(encodeValue(text, encoding), expected)
  })

t.test('what could end a line, or is half a character, is written by no encoding', async t => {
  for (const encoding of headerEncodings)
    for (const char of ['\r', '\n', '\0', '\t', '\x7f', '\x85', '\u2028', '\u2029', '\ud800'])
      t.equal(encodeValue(`a${char}b`, encoding), null, `${encoding} U+${char.charCodeAt(0).toString(16)}`)
})

t.test('every encoding but raw bytes is ASCII, and reads back', async t => {
  const text = `Zoë “Krūmiņa” ${'日本 '.repeat(30)}= % ?_ 🙂 end`
  const percent = encodeValue(text, 'percent') as string
  t.equal(decodeURIComponent(percent), text)
  const quoted = encodeValue(text, 'quoted-printable') as string
  const unquote = (all: string) => all.replace(/=([0-9A-F]{2})/g, (_, two) => String.fromCharCode(parseInt(two, 16)))
  t.equal(Buffer.from(unquote(quoted), 'latin1').toString(), text)
  const words = (encodeValue(text, 'rfc2047') as string).split(' ')
  t.ok(words.length > 3)
  for (const word of words) t.match(word, /^=\?utf-8\?q\?[A-Za-z0-9=_]{1,63}\?=$/)
  const read = words.map(word => Buffer.from(unquote(word.slice(10, -2).replaceAll('_', ' ')), 'latin1'))
  for (const part of read) t.notMatch(part.toString(), '\ufffd', 'no word ends inside a character')
  t.equal(Buffer.concat(read).toString(), text)
  for (const one of [percent, quoted, ...words]) t.match(one, /^[\x20-\x7e]+$/)
})

t.test('each profile tells a person by its own names', async t => {
  const told = Object.fromEntries(
    headerProfileNames.map(profile => [profile, identityLines(withProfile(profile), zoe)])
  )
  const [name, email, groups] = [bytes('Zoë Krūmiņa'), bytes('zoë@lab.example'), bytes('researchers,ärzte')]
  t.strictSame(told, {
    'remote-user': ['Remote-User', 'zoe', 'Remote-Name', name, 'Remote-Email', email, 'Remote-Groups', groups],
    'x-forwarded-user': [
      ...['X-Forwarded-User', 'zoe', 'X-Forwarded-Preferred-Username', 'zoe'],
      ...['X-Forwarded-Email', email, 'X-Forwarded-Groups', groups]
    ],
    'x-auth-request': [
      ...['X-Auth-Request-User', 'zoe', 'X-Auth-Request-Preferred-Username', 'zoe'],
      ...['X-Auth-Request-Email', email, 'X-Auth-Request-Groups', groups]
    ],
    'x-webauth-user': [
      ...['X-WEBAUTH-USER', 'zoe', 'X-WEBAUTH-NAME', name, 'X-WEBAUTH-EMAIL', email, 'X-WEBAUTH-GROUPS', groups]
    ],
    rstudio: ['X-RStudio-Username', 'zoe'],
    galaxy: ['Remote-User', 'zoe'],
    custom: []
  })
})

t.test('what is given beside a profile stands; a map without one is as it was before profiles', async t => {
  t.match(withProfile({ profile: 'galaxy', user: null, email: 'Remote-User' }), {
    user: null,
    email: 'Remote-User',
    secretHeader: 'GX-Secret'
  })
  t.strictSame(withProfile({ user: 'X-Me', groups: null }), {
    user: 'X-Me',
    name: 'Remote-Name',
    email: 'Remote-Email',
    groups: null
  })
  t.strictSame(withProfile({}), {
    user: 'Remote-User',
    name: 'Remote-Name',
    email: 'Remote-Email',
    groups: 'Remote-Groups'
  })
})

t.test('a group that an app would read as another, or as two, is left out and told', async t => {
  const groups = ['a', 'b,operators', 'c|operators', ' operators', 'operators\u00a0', '', 'd\n', 'e f']
  const rows: [Partial<IdentityHeaders>, string, string[]][] = [
    [{}, 'a,c|operators,e f', ['b,operators', ' operators', 'operators\u00a0', '', 'd\n']],
    [{ groupSeparator: '|' }, 'a|b,operators|e f', ['c|operators', ' operators', 'operators\u00a0', '', 'd\n']],
    [{ groupSeparator: ' ' }, 'a b,operators c|operators', [' operators', 'operators\u00a0', '', 'd\n', 'e f']],
    // An app that decodes before it splits would see two.
    [{ encoding: 'percent' }, 'a,c|operators,e f', ['b,operators', ' operators', 'operators\u00a0', '', 'd\n']]
  ]
  for (const [more, expected, left] of rows) {
    const unsent: Unsent[] = []
    const lines = identityLines({ ...every, ...more }, { ...zoe, groups }, one => unsent.push(one))
    t.equal(lines.at(-1), expected, JSON.stringify(more))
    t.strictSame(
      unsent.map(({ header, value }) => [header, value]),
      left.map(value => ['G', value])
    )
  }
  const long = 'ü'.repeat(30)
  const lines = identityLines({ ...every, encoding: 'rfc2047', groupSeparator: ' ' }, { ...zoe, groups: [long, 'x'] })
  t.equal(lines.at(-1), 'x', 'nor one whose encoding holds the separator')
})

t.test('what an encoding does not have is not sent and told; without a sign-in name nothing is', async t => {
  const unsent: Unsent[] = []
  t.strictSame(
    identityLines({ ...every, encoding: 'ascii' }, zoe, one => unsent.push(one)),
    ['U', 'zoe', 'G', 'researchers']
  )
  t.strictSame(unsent, [
    { header: 'N', value: 'Zoë Krūmiņa' },
    { header: 'E', value: 'zoë@lab.example' },
    { header: 'G', value: 'ärzte' }
  ])
  t.strictSame(identityLines({ ...every, encoding: 'ascii' }, { ...zoe, name: 'zoë' }), [])
  t.strictSame(
    identityLines(every, { ...zoe, displayName: '', email: null, groups: [] }),
    ['U', 'zoe'],
    'no empty lines'
  )
})

t.test('H3 no client may send a name of any profile, in any spelling', async t => {
  const names = headerProfileNames.flatMap(profile => namesOf(withProfile(profile)))
  t.ok(names.length > 15)
  for (const name of names) {
    for (const [title, spell] of spellings) t.ok(isClaim(spell(name)), `${name} ${title}`)
    for (const mark of tokenMarks) t.ok(isClaim(name.replaceAll('-', mark)), `${name} with ${mark}`)
    t.ok(isClaim(`HTTP_${name}`), `HTTP_${name}`)
  }
})
