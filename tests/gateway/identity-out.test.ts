/** An app's view of a person, by profile: the same in-line and by forward-auth, over the wire. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { headerProfileNames, namesOf, withProfile } from '../../src/identity/header-profiles.ts'
import { echoApp, startGateway } from '../fixtures/in-process/gateway.ts'
import { spellings } from '../threats/h/claims.ts'

const secret = 'gx-hunter2'

t.test('every profile tells the same in-line and by forward-auth, and no client says any of it', async t => {
  const app = await echoApp(t)
  const folder = t.testdir({})
  const secretFile = path.join(folder, 'galaxy-secret')
  writeFileSync(secretFile, `${secret}\n`)
  const headersOf = (profile: string) =>
    profile === 'galaxy' ? `{ profile: galaxy, secretFile: "${secretFile}", secretInVerdict: true }` : profile
  const gate = await startGateway(t, {
    apps: headerProfileNames
      .map(
        profile =>
          `  - { id: ${profile}, url: "http://${profile}.localhost:PORT", upstream: "${app.url}", identityHeaders: ${headersOf(profile)}, rules: [{ path: /public/**, access: public }, { access: mfa }] }`
      )
      .join('\n'),
    extra: 'trustedProxies: [127.0.0.1]'
  })
  const { runtime } = gate.server
  const zoe = await runtime.accounts.create({
    name: 'zoe',
    displayName: 'Zoë',
    email: 'zoe@lab.example',
    groups: ['ärzte', 'b,operators']
  })
  const { cookies } = await gate.signIn(zoe, ...headerProfileNames)
  const utf8 = (text: unknown) => Buffer.from(String(text ?? ''), 'latin1').toString()

  for (const profile of headerProfileNames)
    await t.test(profile, async t => {
      const headers = withProfile(profile)
      const { user, preferredUsername, name, email, groups, secretHeader } = headers
      const expected: [string | null | undefined, string][] = [
        [user, 'zoe'],
        [preferredUsername, 'zoe'],
        [name, 'Zoë'],
        [email, 'zoe@lab.example'],
        [groups, 'ärzte'],
        [secretHeader, secret]
      ]
      const origin = gate.origin(profile)
      const lies = Object.fromEntries(
        spellings.flatMap(([, spell]) => namesOf(headers).map(header => [spell(header), 'zz-lie']))
      )
      const inline = await gate.request('GET', `${origin}/data`, { ...lies, cookie: cookies[profile] })
      const verdict = await gate.request('GET', `${origin}/.factorgate/auth`, {
        ...lies,
        cookie: cookies[profile],
        'x-forwarded-host': origin.slice('http://'.length),
        'x-forwarded-proto': 'http',
        'x-forwarded-uri': '/data',
        'x-forwarded-method': 'GET'
      })
      t.same([inline.status, verdict.status], [200, 200])
      const seen = JSON.parse(inline.body).headers
      t.notMatch(inline.body, 'zz-lie')
      t.notMatch(JSON.stringify(verdict.headers), 'zz-lie')
      for (const lie of Object.keys(lies)) t.not(verdict.headers[lie.toLowerCase()], undefined, `${lie} is overwritten`)
      for (const [header, value] of expected) {
        if (header == null) continue
        t.equal(utf8(seen[header.toLowerCase()]), value, `in-line ${header}`)
        t.equal(utf8(verdict.headers[header.toLowerCase()]), value, `forward-auth ${header}`)
      }
      const nobody = JSON.parse((await gate.request('GET', `${origin}/public/x`, lies)).body).headers
      for (const header of namesOf(headers))
        t.equal(nobody[header.toLowerCase()], header === secretHeader ? secret : undefined, `nobody: ${header}`)
    })

  const told = gate.log.filter(({ value }) => value === 'b,operators')
  t.same(
    told.map(({ app, header }) => `${app} ${header}`).sort(),
    headerProfileNames
      .flatMap(profile => {
        const { groups } = withProfile(profile)
        // Once by each of the two ways.
        return groups === null ? [] : [`${profile} ${groups}`, `${profile} ${groups}`]
      })
      .sort(),
    'a group that would read as two is said once in the log'
  )
  t.notMatch(JSON.stringify(gate.log), secret)
})
