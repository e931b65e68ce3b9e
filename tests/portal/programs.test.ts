/** A person's own tokens for programs: made with a fresh proof, shown once, listed and revoked. */
import t from 'tap'
import { enrolled, signedIn } from '../fixtures/pipeline/people.ts'
import { codeAt, type Fixture, openFixture } from '../fixtures/pipeline/portal.ts'
import { textOf, type Visitor } from '../fixtures/pipeline/visitor.ts'

const pathOf = (fixture: Fixture) => `${fixture.portalOrigin}/.factorgate/account/programs`
const shown = (html: string) => /id="program-token"[^>]*>\s*([^<\s]+)/.exec(html)?.[1] ?? ''

async function make(fixture: Fixture, visitor: Visitor, fields: Record<string, string> = {}) {
  const form = await visitor.open(`${pathOf(fixture)}/new?app=notebooks`)
  return visitor.submit(form, { name: 'Microscope', days: '90', ...fields }, /new\?/)
}

t.test('a token is made, shown, listed and revoked', async t => {
  const fixture = await openFixture(t, { takesTokens: true })
  const { visitor } = await enrolled(fixture)
  const { tokens } = fixture.services
  const account = await visitor.open(`${fixture.portalOrigin}/.factorgate/account`)
  t.match(account.body, /href="\/\.factorgate\/account\/programs"/, 'the account leads to it')
  t.match(textOf((await visitor.open(pathOf(fixture))).body), /You have no tokens/)

  const made = await make(fixture, visitor, {
    paths: '/raw/**, /meta/*',
    networks: '10.1.0.0/16',
    bytes: '10 GB',
    days: '30'
  })
  t.equal(new URL(made.url).pathname, '/.factorgate/account/programs/made')
  const text = shown(made.body)
  t.match(await tokens.identify(text), {
    accountId: fixture.ada.id,
    name: 'Microscope',
    app: 'notebooks',
    paths: ['/raw/**', '/meta/*'],
    networks: ['10.1.0.0/16'],
    bytes: 10 * 1024 ** 3,
    by: null
  })
  t.match(made.body, /curl -H &quot;Authorization: Bearer \$TOKEN&quot; http:\/\/notebooks\.localhost\//)
  t.equal(made.headers['cache-control'], 'no-store')
  t.equal(shown((await visitor.open(made.url)).body), text, 'a reload of the page makes no other')
  t.equal((await tokens.list(fixture.ada.id)).length, 1)
  fixture.time.advance(301)
  t.equal(new URL((await visitor.open(made.url)).url).pathname, '/.factorgate/account/programs', 'not for long')

  const list = await visitor.open(pathOf(fixture))
  t.match(
    textOf(list.body),
    /Microscope Notebooks, until .* Never used\. .*\/raw\/\*\* \/meta\/\* 10\.1\.0\.0\/16 10GiB/
  )
  t.notMatch(list.body, text)
  const revoked = await visitor.submit(list, {}, /revoke$/)
  t.match(textOf(revoked.body), /“Microscope” is revoked.*You have no tokens/)
  t.equal(await tokens.identify(text), null)
  t.match(
    fixture.events.filter(({ kind }) => kind.startsWith('token.')),
    [
      { kind: 'token.issue', name: 'ada', app: 'notebooks', program: 'Microscope' },
      { kind: 'token.revoke', name: 'ada', why: 'owner' }
    ]
  )
  t.notMatch(JSON.stringify(fixture.events), text)
})

t.test('what is typed wrong is said beside the form, and nothing is made', async t => {
  const fixture = await openFixture(t, { takesTokens: true })
  const { visitor } = await enrolled(fixture)
  for (const [fields, sentence] of [
    [{ name: ' ' }, /1 to 64 characters/],
    [{ name: 'a\u202Eb' }, /1 to 64 characters/],
    [{ days: '0' }, /from 1 to 366/],
    [{ days: '1000' }, /from 1 to 366/],
    [{ paths: 'raw' }, /path begins with/],
    [{ paths: '/raw?x' }, /path begins with/],
    [{ networks: '10.0.0' }, /no address and no network/],
    [{ bytes: 'much' }, /amount such as/],
    [{ bytes: '0' }, /amount such as/]
  ] as const) {
    const refused = await make(fixture, visitor, fields)
    t.equal(refused.status, 403)
    t.match(textOf(refused.body), sentence, JSON.stringify(fields))
  }
  t.same(await fixture.services.tokens.list(fixture.ada.id), [])
})

t.test(
  'T10 · a thief of a session makes a token, to stay → a fresh proof is asked for, and “That was not me” revokes what was made since',
  async t => {
    const fixture = await openFixture(t, { takesTokens: true })
    const { visitor, secret } = await enrolled(fixture)
    const { tokens } = fixture.services
    await make(fixture, visitor, { name: 'Mine' })
    t.equal((await visitor.open(`${pathOf(fixture)}/new?app=files`)).status, 404, 'an app without tokens')
    const form = await visitor.open(`${pathOf(fixture)}/new?app=notebooks`)
    fixture.time.advance(301)
    const asked = await visitor.open(`${pathOf(fixture)}/new?app=notebooks`)
    t.match(new URL(asked.url).pathname, /challenge$/, 'a fresh proof is asked for')
    const { headers } = await visitor.postTo(`${pathOf(fixture)}/new`, { app: 'notebooks', name: 'x', days: '1' })
    t.match(headers.location, /challenge/, 'also of a form')
    const late = await visitor.submit(form, { name: 'x', days: '1' }, /new\?/)
    t.match(
      new URL(late.url).searchParams.get('rd'),
      /new\?app=notebooks&undone=[\w-]+$/,
      'which leads back to the same app'
    )
    t.equal((await tokens.list(fixture.ada.id)).length, 1)

    fixture.time.advance(30)
    const { visitor: thief } = await signedIn(fixture, secret)
    await make(fixture, thief, { name: 'Theirs' })
    t.equal((await tokens.list(fixture.ada.id)).length, 2)
    const own = await visitor.open(`${fixture.portalOrigin}/.factorgate/account`)
    await visitor.submit(own, { stranger: 'yes' }, /sessions\/.*\/end$/)
    t.match(
      await tokens.list(fixture.ada.id),
      [{ token: { name: 'Mine' } }],
      'what was made since that sign-in is gone'
    )
    t.match(
      fixture.events.find(({ kind }) => kind === 'token.revoke'),
      { why: 'not_me', program: 'Theirs' }
    )
    t.ok(codeAt(secret, fixture.clock()))
  }
)

t.test('nobody revokes the token of somebody else', async t => {
  const fixture = await openFixture(t, { takesTokens: true })
  const { visitor } = await enrolled(fixture)
  await make(fixture, visitor)
  const list = await visitor.open(pathOf(fixture))
  const bob = await fixture.accounts.create({ name: 'bob', displayName: 'Bob', groups: ['researchers'] })
  const { token } = await fixture.services.tokens.issue({
    ...{ accountId: bob.id, name: 'Bob’s', app: 'notebooks', validSeconds: 600, by: null },
    ...{ paths: null, methods: null, networks: null, bytes: null }
  })
  const csrf = /name="csrf" value="([^"]+)"/.exec(list.body)?.[1] ?? ''
  const answer = await visitor.postTo(`${pathOf(fixture)}/${token.id}/revoke`, { csrf })
  t.equal(answer.status, 404)
  t.not(await fixture.services.tokens.byId(token.id), null)
})
