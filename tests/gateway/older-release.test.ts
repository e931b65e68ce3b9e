/** The files of release 0.1 (tests/vectors/SOURCES.md) work: both stores, key file, configuration, journal and backup. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { loadConfig } from '../../config/load.ts'
import { Server } from '../../src/server/server.ts'
import { byPasskey } from '../fixtures/in-process/older-passkey.ts'
import { formsOf, Person, totpCode } from '../fixtures/in-process/person.ts'
import { freePort } from '../fixtures/process/free-port.ts'
import { program } from '../fixtures/process/program.ts'
import { shiftEnds } from '../fixtures/process/redis-dump.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'

const old = (name: string) => fileURLToPath(new URL(`../vectors/release-0.1/${name}`, import.meta.url))
const written = JSON.parse(readFileSync(old('people.json'), 'utf8'))
const portal = 'http://gate.localhost/.factorgate/'

/** The folder of the old release, without its store. */
function oldFolder(t: Test, config: string): string {
  const folder = t.testdir({ 'factorgate.yaml': config })
  // A checkout does not keep the mode.
  for (const name of ['factorgate.key', 'journal.jsonl'])
    writeFileSync(path.join(folder, name), readFileSync(old(name)), { mode: 0o600 })
  return folder
}

/** Starts a gate on that folder, a minute after the old one ended. */
async function open(t: Test, folder: string, at: number) {
  const loaded = await loadConfig({ file: path.join(folder, 'factorgate.yaml'), env: {}, cwd: folder })
  if (loaded.kind === 'bad') throw new Error(JSON.stringify(loaded.problems))
  let now = at + 60_000
  const clock = () => now
  const server = await Server.start({ config: loaded.config, clock, log: pino({ level: 'silent' }) })
  t.teardown(() => server.close())
  const { port } = server.addresses.gate
  return {
    server,
    person: () => new Person(port),
    code: (secret: string) => totpCode(secret, now),
    /** Moves the clock, so that the next code is another one, and the limit of attempts is not reached. */
    wait() {
      now += 60_000
    }
  }
}

const stores: Record<string, (t: Test) => Promise<string>> = {
  async embedded(t) {
    const port = await freePort()
    const folder = oldFolder(t, readFileSync(old('factorgate-embedded.yaml'), 'utf8').replace('PORT', String(port)))
    mkdirSync(path.join(folder, 'store'))
    const known = readFileSync(old('store-known.json'), 'utf8').replace('FOLDER', folder)
    writeFileSync(path.join(folder, 'store-known.json'), known)
    writeFileSync(path.join(folder, 'store/data.mdb'), gunzipSync(readFileSync(old('data.mdb.gz'))))
    return folder
  },
  async redis(t) {
    // Redis reads a dump only without an append-only file, which the gate requires.
    const { at } = written.redis
    // The clock of Redis is that of the machine, on which the invitations of that day are over.
    const dump = shiftEnds(gunzipSync(readFileSync(old('dump.rdb.gz'))), Date.now() - at)
    const redis = await startRedis(t, { dump, args: ['--appendonly', 'no'] })
    await redis.cli('CONFIG', 'SET', 'appendonly', 'yes')
    const config = readFileSync(old('factorgate-redis.yaml'), 'utf8')
    return oldFolder(t, config.replace('PORT', String(await freePort())).replace('REDIS', String(redis.port)))
  }
}

for (const [kind, prepare] of Object.entries(stores)) {
  t.test(`a ${kind} store of release 0.1 is opened, and its people come in as before`, async t => {
    const folder = await prepare(t)
    const { at, people } = written[kind]
    const { ada, bob, carol } = people
    const gate = await open(t, folder, at)
    const halfWay = async (who: { password: string }, username: string) => {
      gate.wait()
      const person = gate.person()
      return {
        person,
        page: await person.submit(await person.open(`${portal}login`), { username, password: who.password })
      }
    }
    const isIn = async (person: Person) => (await person.request('GET', `${portal}account`)).status === 200

    const kept = gate.person()
    for (const pair of ada.cookie.split('; ')) kept.hold('gate.localhost', pair)
    t.ok(await isIn(kept), 'a session goes on')

    const first = await halfWay(ada, 'ada')
    await first.person.submit(first.page, { code: gate.code(ada.totpSecret) }, /totp/)
    t.ok(await isIn(first.person), 'password and authenticator app')

    const second = await halfWay(ada, 'ada')
    const refused = await second.person.submit(second.page, { code: ada.spentRecoveryCode }, /recovery/)
    t.not(refused.status, 200, 'a recovery code that was spent stays spent')
    await second.person.submit(second.page, { code: ada.recoveryCodes[1] }, /recovery/)
    t.ok(await isIn(second.person), 'one that was not is good')

    gate.wait()
    t.ok(await isIn(await byPasskey(gate.person(), ada.passkey)), 'the passkey alone')

    const shut = await halfWay(bob, 'bob')
    t.equal(shut.page.status, 403, 'a suspended person stays out')
    const invited = await gate.person().open(carol.invitation)
    t.match(formsOf(invited.body), [{ names: ['csrf', 'password'] }], 'an invitation is still good')
    await gate.server.close()
    const lines = readFileSync(path.join(folder, 'journal.jsonl'), 'utf8')
    const before = readFileSync(old('journal.jsonl'), 'utf8')
    t.ok(lines.startsWith(before) && lines.length > before.length, 'the journal goes on where it ended')
  })
}

t.test('a backup of release 0.1 is read back', async t => {
  const folder = oldFolder(t, readFileSync(old('factorgate-embedded.yaml'), 'utf8').replace('PORT', '0'))
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [...program(), ...args, '--config', path.join(folder, 'factorgate.yaml')], {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '' },
      cwd: fileURLToPath(new URL('../../', import.meta.url))
    })
  const imported = run('store', 'import', old('backup.sealed'))
  t.equal(imported.status, 0, imported.stderr)
  const listed = run('user', 'list')
  for (const name of ['ada', 'bob', 'carol', 'dan']) t.match(listed.stdout, name)
})
