/** Logins at apps as operators meet them: named and removed, never shown; in backups and after a rotation of the key. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { readKeyFile } from '../../src/keyring/key-file.ts'
import { sealedBy } from '../../src/keyring/keyring.ts'
import { SessionCache } from '../../src/session/session-cache.ts'
import type { Store } from '../../src/store/store.ts'
import { UpstreamLogins } from '../../src/upstream-login/upstream-logins.ts'
import { gateOn } from '../cli/people.ts'
import { terminal, usualConfig } from '../cli/terminal.ts'

const authorization = `Basic ${Buffer.from('alice:correct horse').toString('base64')}`

async function start(t: Test) {
  const scheduler = `  - id: scheduler
    url: https://scheduler.lab.example
    upstream: https://127.0.0.1:9443
    upstreamLogin: { kind: basic, per: person }
`
  const factorgate = terminal(t, { config: usualConfig + scheduler })
  await factorgate.newKey()
  await factorgate.ok('user', 'add', 'alice')
  const store = factorgate.store()
  const alice = (await gateOn(store, factorgate.time).accounts.byName('alice'))!
  /** As a gate with the key file as it is now. */
  const logins = async (of: Store = store) => {
    const keyring = await readKeyFile(path.join(factorgate.folder, 'var/factorgate.key'))
    const cache = new SessionCache(of)
    return new UpstreamLogins({
      store: of,
      cache,
      clock: factorgate.time.read,
      keyring: () => keyring,
      onTrouble: () => {}
    })
  }
  for (const app of ['scheduler', 'archive']) await (await logins()).store(alice.id, app, authorization)
  const record = (app: string) => store.get(`upstream-login:${alice.id}:${app}`)
  return { factorgate, store, alice, logins, record }
}

t.test('operators see for which apps a login is stored, and remove one', async t => {
  const { factorgate, alice, record } = await start(t)
  const shown = await factorgate.ok('user', 'show', 'alice')
  t.match(shown, /logins at +archive, scheduler/)
  const json = await factorgate.ok('user', 'show', 'alice', '--json')
  t.same(JSON.parse(json).upstreamLogins, ['archive', 'scheduler'])
  t.match(await factorgate('user', 'forget-login', 'alice', 'schedulr'), {
    code: 1,
    stderr: /alice has no login for 'schedulr'; there are logins for: archive, scheduler/
  })
  await factorgate.ok('user', 'forget-login', 'alice', 'scheduler')
  t.equal(await record('scheduler'), null)
  t.match(factorgate.journal().at(-1), {
    kind: 'upstream-login.remove',
    account: alice.id,
    app: 'scheduler',
    why: 'operator'
  })
  await factorgate.ok('user', 'remove', 'alice', '--yes')
  t.equal(await record('archive'), null, 'they end with the account')
})

t.test(
  'U4 · a login leaks by a backup, a list, the journal or a rotation → it is sealed or not there, and opens with the new key alone',
  async t => {
    const { factorgate, alice, logins, record } = await start(t)
    await factorgate.ok('store', 'export', 'backup.sealed')
    await factorgate.ok('evidence', 'folder')
    await factorgate.ok('key', 'rotate', '--yes')
    const keyring = await readKeyFile(path.join(factorgate.folder, 'var/factorgate.key'))
    t.equal(keyring.publicJwks.keys.length, 1)
    t.equal(sealedBy((await record('archive')) as string), keyring.currentKeyId)
    t.equal((await (await logins()).find(alice.id, 'archive'))?.authorization, authorization)
    const files = readdirSync(path.join(factorgate.folder, 'folder')).map(file =>
      readFileSync(path.join(factorgate.folder, 'folder', file), 'latin1')
    )
    t.match(
      files.join('').replace(/\s+/g, ' '),
      /keeps the user name and password that each person has at this app, sealed/
    )
    const said = [
      ...files,
      readFileSync(path.join(factorgate.folder, 'backup.sealed'), 'latin1'),
      JSON.stringify(factorgate.journal()),
      await factorgate.ok('user', 'show', 'alice', '--json'),
      await record('archive')
    ].join()
    for (const hidden of ['correct horse', authorization, authorization.slice(6)]) t.notOk(said.includes(hidden))
  }
)
