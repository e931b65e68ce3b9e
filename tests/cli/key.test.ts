import { chmodSync, copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { contextOf } from '../../src/factor/totp.ts'
import { addKey, readKeyFile } from '../../src/keyring/key-file.ts'
import { sealedBy } from '../../src/keyring/keyring.ts'
import { openStore } from '../../src/store/open.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'
import { gateOn } from './people.ts'
import { terminal, usualConfig } from './terminal.ts'

const keyOf = ({ folder }: { folder: string }) => path.join(folder, 'var/factorgate.key')

t.test('new makes a file for its owner alone, and never writes over one', async t => {
  const factorgate = terminal(t, { config: null })
  const file = path.join(factorgate.folder, 'new.key')
  const id = (await factorgate.ok('key', 'new', 'new.key')).trim()
  t.equal((await readKeyFile(file)).currentKeyId, id)
  t.equal(statSync(file).mode & 0o777, 0o600)
  const before = readFileSync(file, 'utf8')
  t.match(await factorgate('key', 'new', 'new.key'), { code: 1, stdout: '', stderr: /exists already/ })
  t.equal(readFileSync(file, 'utf8'), before)
  t.match(await factorgate('key', 'new', 'vra/new.key'), {
    code: 1,
    stdout: '',
    stderr: /the folder .*vra does not exist; make it first/
  })
  t.notOk(existsSync(path.join(factorgate.folder, 'vra')))
  t.match(await factorgate('key', 'new', 'new.key/x'), { code: 1, stderr: /factorgate: [^\n]+\n$/ })
})

/** Alice with factors, and what must still be there after a rotation. */
async function withSecrets(t: Test) {
  const factorgate = terminal(t)
  await factorgate.newKey()
  await factorgate.ok('user', 'add', 'alice')
  const store = factorgate.store()
  const gate = gateOn(store, factorgate.time)
  const alice = (await gate.accounts.byName('alice'))!
  const { secret, totp } = await gate.enrol(alice, await readKeyFile(keyOf(factorgate)))
  const opened = async () => {
    const keyring = await readKeyFile(keyOf(factorgate))
    const [credential] = (await gate.credentials.list(alice.id)).filter(({ kind }) => kind === 'totp')
    if (credential?.kind !== 'totp') throw new Error('the credential is gone')
    const codes = JSON.parse(await factorgate.ok('user', 'show', 'alice', '--json')).recoveryCodes
    return { secret: keyring.open(credential.secret, contextOf(totp)), by: sealedBy(credential.secret), codes }
  }
  return { factorgate, opened, secret }
}

const kids = async (file: string) =>
  ((await readKeyFile(file)).publicJwks.keys as { kid: string }[]).map(({ kid }) => kid)

t.test('rotate exchanges the key; everything sealed opens with the new one alone', async t => {
  const { factorgate, opened, secret } = await withSecrets(t)
  const [old] = await kids(keyOf(factorgate))
  const before = factorgate.time.now
  const ran = await factorgate('key', 'rotate')
  t.equal(ran.code, 0, ran.stderr)
  t.ok(factorgate.time.now - before >= 2000, 'a running gate has had time to read the new key')
  const now = await kids(keyOf(factorgate))
  t.same(now, [ran.stdout.trim()])
  t.not(now[0], old)
  t.same(await opened(), { secret, by: now[0], codes: { remaining: 10, total: 10 } })
  t.match(ran.stderr, /secrets sealed with the new key: 2; the old keys are removed/)
  t.match(factorgate.journal().slice(-2), [
    { kind: 'key.rotate', outcome: 'added', key: now[0] },
    { kind: 'key.rotate', outcome: 'retired', key: now[0], resealed: 2 }
  ])
  t.match(await factorgate('journal', 'verify'), { code: 0, stdout: /is whole/ }, 'the new key proves the lines before')
})

t.test('a rotation that broke off is taken up, without yet another key', async t => {
  const { factorgate, opened, secret } = await withSecrets(t)
  const added = await addKey(keyOf(factorgate))
  const ran = await factorgate('key', 'rotate')
  t.match(ran, { code: 0, stdout: `${added}\n`, stderr: /continues an earlier rotation/ })
  t.same(await kids(keyOf(factorgate)), [added])
  t.same(await opened(), { secret, by: added, codes: { remaining: 10, total: 10 } })
})

t.test('a secret that no key at hand opens stops the rotation before anything is retired', async t => {
  const { factorgate } = await withSecrets(t)
  const file = keyOf(factorgate)
  copyFileSync(file, `${file}.right`)
  await factorgate.ok('key', 'new', 'other.key')
  writeFileSync(file, readFileSync(path.join(factorgate.folder, 'other.key')))
  const added = await addKey(file)
  const ran = await factorgate('key', 'rotate')
  t.match(ran, { code: 1, stderr: /sealed with the key .* which is not in the key file\n$/ })
  t.equal((await kids(file))[0], added)
  t.equal((await kids(file)).length, 2, 'nothing was retired')
})

t.test('a key file that others may read is refused', async t => {
  const { factorgate } = await withSecrets(t)
  chmodSync(keyOf(factorgate), 0o644)
  t.match(await factorgate('key', 'rotate'), { code: 1, stdout: '', stderr: /open to other users .*chmod 600/ })
})

t.test('on Redis the first run only adds, since other gates must have the key before it seals anything', async t => {
  const redis = await startRedis(t)
  const factorgate = terminal(t, { config: `store: ${redis.url}\n${usualConfig}` })
  await factorgate.newKey()
  await factorgate.ok('user', 'add', 'alice')
  const store = await openStore(redis.url, { keyPrefix: 'factorgate:' })
  t.teardown(() => store.close())
  const gate = gateOn(store, factorgate.time)
  const alice = (await gate.accounts.byName('alice'))!
  const old = await readKeyFile(keyOf(factorgate))
  await gate.enrol(alice, old)
  const sealers = async () =>
    (await gate.credentials.list(alice.id)).flatMap(one => (one.kind === 'totp' ? [sealedBy(one.secret)] : []))

  const first = await factorgate('key', 'rotate')
  t.match(first, {
    code: 0,
    stderr: /Copy .*factorgate\.key to every other gate on this store, then run: factorgate key rotate --finish/
  })
  const fresh = first.stdout.trim()
  t.same(await kids(keyOf(factorgate)), [fresh, old.currentKeyId])
  t.same(await sealers(), [old.currentKeyId])
  t.equal((await factorgate.ok('key', 'rotate')).trim(), fresh, 'run again, it adds no other')
  t.same(await kids(keyOf(factorgate)), [fresh, old.currentKeyId])
  t.equal((await factorgate.ok('key', 'rotate', '--finish')).trim(), fresh)
  t.same(await kids(keyOf(factorgate)), [fresh])
  t.same(await sealers(), [fresh])
})
