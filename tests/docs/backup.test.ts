/**
 * FIELD N10: docs/backup.md and docs/upgrade.md, done as they say with what release 0.1 left behind (tests/vectors/SOURCES.md): its people come
 * in with the same password, authenticator app and recovery codes on another machine, after an upgrade, and on Redis and back.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { byPasskey } from '../fixtures/in-process/older-passkey.ts'
import { Person, totpCode } from '../fixtures/in-process/person.ts'
import { freePort } from '../fixtures/process/free-port.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'
import { type SampleHost, type SampleHostOptions, sampleHost } from '../fixtures/process/sample-host.ts'
import { blocksOf } from './commands.ts'
import { textOf } from './documents.ts'

const old = (name: string) => fileURLToPath(new URL(`../vectors/release-0.1/${name}`, import.meta.url))
const { at: writtenAt, people } = JSON.parse(readFileSync(old('people.json'), 'utf8')).embedded
const { ada } = people
const portal = 'http://gate.localhost/.factorgate/'
/** A machine whose clock is behind the data would refuse its codes as used, so it is put forward there. */
const ahead = Math.max(0, writtenAt + 120_000 - Date.now())
const clock = `data:text/javascript,const now=Date.now;Date.now=()=>now()+${ahead}`

/** The shell blocks below a heading of a page, as one. */
function steps(page: string, heading: string): string {
  const blocks = blocksOf(textOf(page)).filter(({ language, under }) => language === 'sh' && under === heading)
  if (blocks.length === 0) throw new Error(`${page} has no commands under "${heading}"`)
  return blocks.map(({ text }) => text).join('')
}

/** A host with the program, its service, and nothing else. */
function bareHost(t: Test, port: number, places: SampleHostOptions['places'] = []): SampleHost & { port: number } {
  const host = sampleHost(t, { isInstalled: true, runsServices: true, nodeArgs: [`'--import=${clock}'`], places })
  for (const name of ['etc/factorgate', 'var/lib/factorgate']) mkdirSync(host.at(name), { mode: 0o700 })
  return { ...host, port }
}

/** A host that runs release 0.1, as the README installs it. */
async function oldHost(t: Test, places?: SampleHostOptions['places']) {
  const host = bareHost(t, await freePort(), places)
  const data = host.at('var/lib/factorgate')
  const config = readFileSync(old('factorgate-embedded.yaml'), 'utf8')
    .replace('PORT', String(host.port))
    .replace(/"embedded:\.\/store"/, `embedded:${data}/store`)
    .replace(/\.\/(factorgate\.key|journal\.jsonl)/g, `${data}/$1`)
  writeFileSync(host.at('etc/factorgate/factorgate.yaml'), config)
  // A checkout does not keep the mode.
  for (const name of ['factorgate.key', 'journal.jsonl'])
    writeFileSync(path.join(data, name), readFileSync(old(name)), { mode: 0o600 })
  mkdirSync(path.join(data, 'store'))
  writeFileSync(path.join(data, 'store/data.mdb'), gunzipSync(readFileSync(old('data.mdb.gz'))))
  const known = readFileSync(old('store-known.json'), 'utf8').replace('FOLDER', data)
  writeFileSync(path.join(data, 'store-known.json'), known)
  host.run('systemctl start factorgate')
  return host
}

/** Signs in with the password and what `confirm` names; true where that opens the account page. */
async function comesIn(port: number, username: string, code: string, confirm: RegExp): Promise<boolean> {
  const person = new Person(port)
  const { password } = people[username]
  const page = await person.submit(await person.open(`${portal}login`), { username, password })
  if (page.status !== 200) return false
  await person.submit(page, { code }, confirm)
  return (await person.request('GET', `${portal}account`)).status === 200
}

/** Each recovery code once, as on paper. */
const unused: string[] = ada.recoveryCodes.slice(1)

async function expectSamePeople(t: Test, port: number) {
  t.ok(await comesIn(port, 'ada', unused.shift()!, /recovery/), 'ada comes in with her password and a recovery code')
  t.notOk(await comesIn(port, 'ada', ada.spentRecoveryCode, /recovery/), 'a code that was spent stays spent')
  t.ok(
    await comesIn(port, 'ada', totpCode(ada.totpSecret, Date.now() + ahead), /totp/),
    'she comes in with her authenticator app'
  )
  const passkey = await byPasskey(new Person(port), ada.passkey)
  t.equal((await passkey.request('GET', `${portal}account`)).status, 200, 'and with her passkey alone')
  t.notOk(await comesIn(port, 'bob', '000000', /totp/), 'bob stays suspended')
}

async function staysIn(port: number): Promise<boolean> {
  const person = new Person(port)
  for (const pair of ada.cookie.split('; ')) person.hold('gate.localhost', pair)
  return (await person.request('GET', `${portal}account`)).status === 200
}

t.test('a backup of a gate that runs is restored on another machine', async t => {
  const lost = await oldHost(t)
  lost.run(steps('docs/backup.md', 'Back up'))
  lost.run(steps('docs/backup.md', 'Back up'))
  t.match(lost.run(steps('docs/backup.md', 'How you see that it worked')), /^The journal is whole: /)
  const theirs = readFileSync(lost.at('backup/factorgate/journal/journal.jsonl'), 'utf8')
  t.notOk(existsSync(lost.at('backup/factorgate/factorgate.key')), 'the key is in the other place alone')

  const fresh = bareHost(t, lost.port)
  // Paths in the configuration are those of the folder that stands for the machine.
  lost.run('systemctl stop factorgate')
  cpSync(lost.at('backup'), fresh.at('backup'), { recursive: true, preserveTimestamps: true })
  cpSync(lost.at('elsewhere'), fresh.at('elsewhere'), { recursive: true })
  // Paths in the configuration are those of the folder that stands for the machine.
  const config = fresh.at('backup/factorgate/etc/factorgate.yaml')
  writeFileSync(config, readFileSync(config, 'utf8').replaceAll(lost.at(), fresh.at()))
  rmSync(lost.at('etc'), { recursive: true })
  rmSync(lost.at('var'), { recursive: true })
  t.match(fresh.run(steps('docs/backup.md', 'Restore on another machine')), /The journal is whole/)
  await expectSamePeople(t, fresh.port)
  t.notOk(await staysIn(fresh.port), 'sessions end')
  t.ok(readFileSync(fresh.at('var/lib/factorgate/journal.jsonl'), 'utf8').startsWith(theirs), 'the journal goes on')
  t.match(fresh.run('systemctl stop factorgate; factorgate journal verify'), /The journal is whole/)
})

t.test('an upgrade in place keeps everybody in, and an older state can be put back', async t => {
  const host = await oldHost(t)
  host.run(steps('docs/backup.md', 'Back up'))
  const [sources, deb, compose, kubernetes] = blocksOf(textOf('docs/upgrade.md'))
    .filter(({ language, under }) => language === 'sh' && under === '2. Upgrade')
    .map(({ text }) => text)
  host.run(sources!)
  t.match(
    host.calls().join('\n'),
    /git pull\nnpm ci --include=dev\nnpm prune --omit=dev --ignore-scripts\nsystemctl restart/
  )
  t.ok(await staysIn(host.port), 'a session goes on')
  await expectSamePeople(t, host.port)
  const seen = host.run(steps('docs/upgrade.md', 'How you see that it worked').replace('factorgate doctor\n', ''))
  t.match(seen, /^factorgate \d+\.\d+[\s\S]*The journal is whole/)

  t.match(deb, /^apt install \.\/factorgate_\d+\.\d+\.\d+_amd64\.deb\n$/)
  host.run(`${deb}${compose}${kubernetes}`)
  t.match(
    textOf('config/examples/kubernetes/factorgate.yaml'),
    /kind: StatefulSet\nmetadata:\n {2}name: factorgate\n {2}namespace: factorgate/
  )
  host.run(steps('docs/upgrade.md', 'Go back'))
  t.ok(await staysIn(host.port), 'and on, after going back')

  host.run('factorgate user add eve > /dev/null')
  host.run(steps('docs/backup.md', 'Put an older state back on the same machine'))
  const names = JSON.parse(host.run('factorgate user list --json')).map(({ name }: { name: string }) => name)
  t.same(names.sort(), ['ada', 'bob', 'carol', 'dan'])
  t.ok(
    await comesIn(host.port, 'ada', ada.recoveryCodes[1], /recovery/),
    'a code that was used since the backup is good again'
  )
  t.notOk(await staysIn(host.port), 'sessions end')
})

t.test('the store moves to Redis and back', async t => {
  const redis = await startRedis(t, { args: ['--maxmemory-policy', 'noeviction'] })
  const host = await oldHost(t, [['127.0.0.1:6379', `127.0.0.1:${redis.port}`]])
  const config = host.at('etc/factorgate/factorgate.yaml')
  writeFileSync(config, readFileSync(config, 'utf8').replace('127.0.0.1:9\n', `127.0.0.1:${await startApp(t)}\n`))
  host.run(steps('docs/backup.md', 'Move to Redis'))
  await expectSamePeople(t, host.port)
  t.ok(Number(await redis.cli('DBSIZE')) > 10)
  host.run('rm -r /var/lib/factorgate/store')
  host.run(steps('docs/backup.md', 'Move back from Redis'))
  await redis.signal('SIGKILL')
  t.ok(await comesIn(host.port, 'ada', unused.shift()!, /recovery/), 'without Redis')
})

/** An app in a process of its own, which answers while this one waits for a command. Resolves with its port. */
async function startApp(t: Test): Promise<number> {
  const script = `require('http').createServer((q, a) => a.end()).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`
  const app = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  t.teardown(() => app.kill())
  const [line] = await once(app.stdout, 'data')
  return Number(line)
}

t.test('no command of the two pages was left out', async t => {
  const used = [
    ...['Back up', 'How you see that it worked', 'Restore on another machine', 'Move to Redis', 'Move back from Redis'],
    ...['Put an older state back on the same machine', '2. Upgrade', 'Go back']
  ]
  const left = ['docs/backup.md', 'docs/upgrade.md']
    .flatMap(page => blocksOf(textOf(page)))
    .filter(({ under }) => !used.includes(under))
  t.same(left, [])
})
