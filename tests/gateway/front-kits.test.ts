/** Real proxies in front, which sign people in as labs have them: mod_auth_openidc, mod_shib and Kerberos. */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { echoApp, startGateway } from '../fixtures/in-process/gateway.ts'
import { type KitName, kitFolder, lacksKit, startKit } from '../fixtures/process/institution-kit.ts'

const secret = 'a-secret-of-the-front'
const run = promisify(execFile)

/** The gate behind this kit, which is its only way in. `headers` in YAML. */
async function behind(t: Test, name: KitName, ports: number, headers: string) {
  const app = await echoApp(t)
  const gate = await startGateway(t, {
    apps: `  - { id: one, url: "http://one.localhost:PORT", upstream: "${app.url}" }`
  })
  const kit = await startKit(t, name, { UPSTREAM: `http://127.0.0.1:${gate.port}`, SECRET: secret })
  const front = `http://localhost:${kit.port + ports}`
  const text = readFileSync(gate.configFile, 'utf8')
    .replaceAll(gate.portal, front)
    .replace(/http:\/\/one\.localhost:\d+/, front)
  const identity = `identity:\n  - { id: front, kind: header, from: [127.0.0.1], secret: { header: X-Front-Secret, value: ${secret} }, ${headers} }\n`
  writeFileSync(gate.configFile, text + identity)
  await gate.server.reload(await gate.load())
  const { accounts } = gate.server.runtime
  return {
    kit,
    front,
    app,
    accounts,
    output: () => JSON.stringify(gate.log),
    /** The last page that the kits' browser sees, which fills in the forms of the provider. */
    async browse(fill: string): Promise<string> {
      const browser = path.join(kitFolder(name)!, '../_lib/browse.mjs')
      const env = { ...process.env, NODE_OPTIONS: '', NODE_EXTRA_CA_CERTS: path.join(kit.folder, 'idp/tls/ca.pem') }
      return (await run(process.execPath, [browser, `${front}/data`, fill, '/.factorgate/enrol'], { env })).stdout
    }
  }
}

t.test('mod_auth_openidc', { skip: lacksKit('front-oidc') }, async t => {
  const fixture = await behind(
    t,
    'front-oidc',
    0,
    'headers: { name: X-Remote-User, display: X-Remote-Name, email: X-Remote-Email, groups: X-Remote-Groups, mfa: X-Remote-Acr }, mfa: { values: ["https://refeds.org/profile/mfa"] }'
  )
  const page = await fixture.browse('login=alice&password=lab&code=123456')
  t.match(page, /"remote-user":"alice"/, 'somebody with a second factor there reaches the app')
  t.match(page, /"remote-groups":"staff,operators"/)
  t.notMatch(page, new RegExp(`${secret}|x-remote`), 'which gets none of the proxy’s headers')
  t.match(await fixture.accounts.byName('alice'), { directory: 'front', displayName: 'Alice Archer' })
  const before = fixture.app.seen.length
  const strange = await fixture.browse('login=strange&password=lab&code=123456')
  t.match(strange, /is not valid/, 'a name with line breaks becomes a second header, and is refused')
  t.match(fixture.output(), /X-Remote-User came twice/)
  t.equal(fixture.app.seen.length, before)
  t.equal(await fixture.accounts.byName('root'), null)
})

t.test('mod_shib', { skip: lacksKit('front-shib') }, async t => {
  const fixture = await behind(
    t,
    'front-shib',
    0,
    'headers: { name: X-Remote-User, display: displayName, email: mail, groups: entitlement, mfa: Shib-AuthnContext-Class }, separator: ";", mfa: { values: ["https://refeds.org/profile/mfa"] }'
  )
  const page = await fixture.browse('username=alice&password=lab 123456')
  t.match(page, /"remote-user":"alice@lab.example"/)
  t.match(await fixture.accounts.byName('alice@lab.example'), {
    groups: ['urn:mace:lab.example:group:staff', 'urn:mace:lab.example:group:operators']
  })
  t.notMatch(
    await fixture.browse('username=bob&password=lab'),
    /"remote-user"/,
    'without a second factor there, the gate asks'
  )
  t.match(await fixture.accounts.byName('bob@lab.example'), { directory: 'front' })
})

t.test('Kerberos', { skip: lacksKit('front-kerberos') }, async t => {
  const fixture = await behind(t, 'front-kerberos', 1, 'headers: { name: X-Remote-User }, realm: lab.example')
  const { folder } = fixture.kit
  const env = {
    ...process.env,
    KRB5_CONFIG: path.join(folder, 'krb5.conf'),
    KRB5CCNAME: `FILE:${path.join(folder, 'tickets')}`
  }
  const visit = async (principal: string, ...more: string[]) => {
    const kinit = run('kinit', [principal], { env })
    kinit.child.stdin!.end('lab\n')
    await kinit
    const login = `${fixture.front}/.factorgate/login/front`
    const page = ['-o', path.join(folder, 'page'), '-w', '%{http_code} %header{factorgate-error}']
    return (await run('curl', ['-sS', '--negotiate', '-u', ':', ...page, ...more, login], { env })).stdout.trim()
  }
  t.match(await visit('alice'), /^303/)
  t.match(await fixture.accounts.byName('alice@lab.example'), { directory: 'front', externalId: 'alice@lab.example' })
  t.match(await visit('alice/admin'), /^403 institution_name_invalid/, 'an instance is not the person')
  t.match(
    await visit('alice', '-H', 'X_Remote_User: root'),
    /^403 institution_answer_invalid/,
    'another spelling beside it'
  )
  t.match(await visit('bob', '-H', 'X-Remote-User: root', '-H', 'X-Front-Secret: x'), /^303/, 'what Apache takes away')
  t.same(
    (await fixture.accounts.list()).map(({ name }) => name),
    ['alice@lab.example', 'bob@lab.example']
  )
})
