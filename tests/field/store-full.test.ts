/** FIELD A4 and G11: the disk of the store is full. Nobody signs in, everybody can be shut out, and it comes right by itself. */
import { rmSync } from 'node:fs'
import t from 'tap'
import { commitTrouble } from '../../src/store/lmdb/directory.ts'
import { LmdbWrites, WriteTimeout } from '../../src/store/lmdb/writes.ts'
import { commandAt } from '../fixtures/in-process/command.ts'
import { startGateway } from '../fixtures/in-process/gateway.ts'
import { startUpstream } from '../fixtures/in-process/upstream.ts'
import { notTried } from '../fixtures/process/not-tried.ts'
import { until } from '../fixtures/process/redis-server.ts'
import { smallDisk } from '../fixtures/process/small-disk.ts'
import { guess, loginForm, password, readyz } from '../threats/doors.ts'

t.test('FIELD A4 FIELD G11 on a full disk nobody signs in and everybody can be shut out', async t => {
  const disk = smallDisk(t, '8m')
  if (disk === null) return void notTried(t, 'only root can mount a small file system')
  const upstream = await startUpstream(t)
  const gate = await startGateway(t, {
    store: `embedded:${disk.directory}/store`,
    apps: `  - { id: one, title: One, url: "http://one.localhost:PORT", upstream: "${upstream.origin}", rules: [{ access: mfa }] }`
  })
  const { accounts, local, store } = gate.server.runtime
  const people = await Promise.all(
    ['alice', 'bob', 'carol', 'dora', 'erik'].map(name => gate.account(name, ['a', 'b']))
  )
  const [alice] = people as [(typeof people)[0]]
  await local.setPassword(alice.id, password)
  const signed: Awaited<ReturnType<typeof gate.signIn>>[] = []
  for (const person of people) signed.push(await gate.signIn(person, 'one'))
  const visit = async (who: number) =>
    (await gate.request('GET', `${gate.origin('one')}/x`, { cookie: signed[who]!.cookies.one as string })).status
  const command = commandAt(gate.configFile)
  const form = await loginForm(gate)

  const makeRoom = disk.fill()
  await until('readiness tells of it', async () => (await readyz(gate)) === 503)
  for (let n = 0; n < 500; n++) if (await store.put(`x:${n}`, 'x'.repeat(4000)).catch(() => 'refused')) break
  t.equal((await guess(gate, form, 'alice', password)).status, 503, 'nobody signs in')
  t.same(
    await Promise.all([0, 1, 2, 3, 4].map(visit)),
    [200, 200, 200, 200, 200],
    'who is in can be shut out, so they stay'
  )
  t.match(gate.log.find(({ msg }) => msg === 'not ready')?.problem, /the disk is full/)

  t.equal((await command('session', 'revoke', signed[0]!.principal.session.id)).code, 0)
  t.equal((await command('session', 'revoke', '--user', 'bob')).code, 0)
  t.equal((await command('user', 'suspend', 'carol', '--why', 'left the lab '.repeat(30))).code, 0)
  t.equal((await command('user', 'remove', 'dora')).code, 0)
  await until('all four are out', async () =>
    (await Promise.all([0, 1, 2, 3].map(visit))).every(status => status !== 200)
  )
  t.equal(await visit(4), 200)
  t.equal((await accounts.update(people[4]!.id, { groups: ['a'] })).groups.join(), 'a', 'a group can be taken away')
  t.equal((await command('session', 'revoke', '--all')).stdout, '1\n')
  await until('and the last one', async () => (await visit(4)) !== 200)
  const added = await command('user', 'add', 'frida')
  t.equal(added.code, 1)
  t.match(added.stderr, /the disk is full/)

  await makeRoom()
  await until('it is ready again', async () => (await readyz(gate)) === 200)
  t.equal((await command('user', 'resume', 'carol')).code, 0)
  await gate.signIn(people[2]!, 'one')
})

t.test('FIELD A4 a gate starts on a full disk, says that it is not ready, and serves who is in', async t => {
  const disk = smallDisk(t, '8m')
  if (disk === null) return void notTried(t, 'only root can mount a small file system')
  const apps = `  - { id: one, title: One, url: "http://one.localhost:PORT", upstream: "http://127.0.0.1:9", rules: [{ access: mfa }] }`
  const store = `embedded:${disk.directory}/store`
  const first = await startGateway(t, { store, apps })
  await first.account('alice')
  const command = commandAt(first.configFile)
  await first.server.close()
  disk.fill()
  rmSync(`${disk.directory}/store/bell`)
  t.equal((await command('user', 'suspend', 'alice', '--why', 'x')).code, 0)
  t.match((await command('user', 'show', 'alice')).stdout, /suspended/)
})

t.test('FIELD A4 a store that takes no write at all answers nothing until it does again', async t => {
  const cases: [string, Error, boolean][] = [
    ['a disk that loses what it is given', Object.assign(new Error('x'), { code: 5 }), true],
    ['a file system that was made read-only', Object.assign(new Error('x'), { code: 30 }), true],
    ['a quota that is used up, the reserve too', Object.assign(new Error('x'), { code: 122 }), true],
    ['one write that is late', new WriteTimeout('late'), false]
  ]
  for (const [name, error, isRefused] of cases)
    t.test(name, async t => {
      let trouble: Error | null = error
      const turns: (string | null)[] = []
      const writes: LmdbWrites = new LmdbWrites({
        probe: async () => {
          if (trouble !== null) throw trouble
        },
        describe: commitTrouble,
        onChange: () => turns.push(writes.refusal)
      })
      t.teardown(() => writes.stop())
      const asked = async () => {
        writes.suspect()
        for (let n = 0; n < 5; n++) await new Promise(resolve => setImmediate(resolve))
      }
      await asked()
      t.equal(writes.refusal, null, 'nobody listens yet')
      writes.start()
      await asked()
      t.equal(writes.refusal !== null, isRefused)
      await asked()
      t.not(writes.refusal, null, 'a second late one is enough')
      trouble = null
      await asked()
      t.equal(writes.refusal, null)
      t.equal(turns.length, 2)
    })
})
