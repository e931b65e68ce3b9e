/** The posture through the whole gate: set on the command line, obeyed at once, said in the portal, the journal and the metrics. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { commandAt } from '../fixtures/in-process/command.ts'
import { navigation, type Running, startGateway } from '../fixtures/in-process/gateway.ts'
import { sampleTotp } from '../fixtures/in-process/sample-credential.ts'
import { download, startTorrent } from '../fixtures/in-process/torrent.ts'
import { textOf } from '../fixtures/pipeline/visitor.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'

const MiB = 1024 ** 2
const why = ['--why', 'odd sign-ins at night']

async function start(t: Test, extra = '') {
  const { url } = await startTorrent(t)
  const gate = await startGateway(t, {
    // In one process a command and a gate on one embedded store could wait for each other.
    store: (await startRedis(t)).url,
    apps: `  - { id: files, title: Files, url: "http://files.localhost:PORT", upstream: "${url}", rules: [{ path: /10, access: public }, { access: mfa }] }
  - { id: notes, url: "http://notes.localhost:PORT", upstream: "${url}" }
  - { id: trial, url: "http://trial.localhost:PORT", upstream: "${url}", enforce: report }`,
    extra
  })
  const command = commandAt(gate.configFile)
  const set = async (...args: string[]) => {
    const said = await command('posture', 'set', ...args)
    await gate.server.runtime.postures.read()
    return said
  }
  return { gate, command, set }
}

const codeOf = ({ headers }: { headers: Record<string, unknown> }) => headers['factorgate-error']

async function journalOf(gate: Running): Promise<Record<string, unknown>[]> {
  await gate.server.runtime.journal.flush()
  return readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8')
    .split('\n')
    .filter(line => line.includes('"kind":"posture"'))
    .map(line => JSON.parse(line))
}

t.test(
  'E1 · a thief goes on with what is open, or by a public path, after a lockdown → what is open ends within a second, and only the named groups get in',
  async t => {
    const { gate, command, set } = await start(t)
    const { runtime } = gate.server
    const olga = await gate.account('olga', ['operators'])
    const alice = await gate.account('alice')
    const key = await gate.signInWith(olga, 'webauthn', 'files', 'notes')
    const hers = await gate.signInWith(alice, 'webauthn', 'files', 'notes', 'trial')
    const open = (host: string, cookie?: string, what = 'quiet') =>
      download(gate.port, `${gate.origin(host)}/${what}`, {
        ...navigation,
        ...(cookie === undefined ? {} : { cookie })
      })
    const running = await Promise.all([
      open('files', hers.cookies.files),
      open('notes', hers.cookies.notes),
      open('files', key.cookies.files),
      open('trial', hers.cookies.trial)
    ])
    t.same(
      running.map(({ status }) => status),
      [200, 200, 200, 200]
    )
    const [filesOfAlice, notesOfAlice, filesOfOlga, trialOfAlice] = running
    const said = await set('lockdown', '--app', 'files', '--until', '2h', ...why)
    t.equal(said.code, 0, said.stderr)
    t.equal(await filesOfAlice?.end, false, 'it never looks whole')
    t.match(said.stdout, /STAYS IN +GROUPS +WEBAUTHN\nolga +operators +must add one/)
    t.match(said.stderr, /files: lockdown until .* \(before: normal\)/)
    t.match(said.stderr, /warning: nobody in operators has webauthn/)
    t.match(said.stderr, /whom the apps let in: 1 \(groups: operators\); others: 1/)
    const isOpen = async (one: { end: Promise<boolean> } | undefined) =>
      (await Promise.race([
        one?.end.then(() => false),
        new Promise(resolve => setTimeout(resolve, 20, true))
      ])) as boolean
    t.same([await isOpen(notesOfAlice), await isOpen(filesOfOlga)], [true, true], 'other apps and people go on')

    const page = await gate.request('GET', `${gate.origin('files')}/x`, { ...navigation, cookie: hers.cookies.files })
    t.match([page.status, codeOf(page)], [403, 'lockdown'])
    t.match(textOf(page.body), /Files is closed for now.*a precaution and not about you/)
    t.equal((await gate.request('GET', `${gate.origin('files')}/10`)).status, 401, 'a public path asks to sign in')
    t.equal((await open('files', key.cookies.files, '5')).status, 200)

    const list = () => gate.request('GET', `${gate.portal}/.factorgate/`, { ...navigation, cookie: hers.cookies.gate })
    t.match(textOf((await list()).body), /For now, some apps are open only to a few people/)
    const metrics = async () => (await fetch(`http://127.0.0.1:${gate.adminPort}/metrics`)).text()
    t.match(await metrics(), /factorgate_posture\{app=""\} 0\nfactorgate_posture\{app="files"\} 2/)
    t.match(JSON.parse((await command('posture', 'show', '--json')).stdout), [
      { app: null, set: 'normal', posture: 'normal' },
      { app: 'files', set: 'lockdown', posture: 'lockdown', why: 'odd sign-ins at night' }
    ])

    const all = await set('lockdown', ...why)
    t.match(all.stderr, /warning: trial says enforce: report, so the posture stops nobody there/)
    t.equal(await notesOfAlice?.end, false)
    t.same(
      [await isOpen(filesOfOlga), await isOpen(trialOfAlice)],
      [true, true],
      'an app that only reports stops nobody'
    )
    t.match((await set('normal', '--app', 'files', ...why)).stderr, /note: lockdown counts there/)
    t.equal((await set('normal', ...why)).code, 0)
    t.equal((await open('notes', hers.cookies.notes, '5')).status, 200, 'and back')
    t.notMatch(textOf((await list()).body), /For now/)
    const lines = await journalOf(gate)
    t.match(lines, [
      { outcome: 'lockdown', before: 'normal', app: 'files', by: 'terminal', why: 'odd sign-ins at night' },
      { outcome: 'lockdown', before: 'normal' },
      { outcome: 'normal', before: 'lockdown', app: 'files', posture: 'lockdown' },
      { outcome: 'normal', before: 'lockdown' }
    ])
    t.equal(typeof lines[0]?.operator, 'string')
    t.equal(runtime.live.size, 2)
    for (const one of running) one.stop()
  }
)

t.test('elevated halves budgets, asks for a passkey, says so, and ends by itself, which is journaled', async t => {
  const { gate, command, set } = await start(
    t,
    'watch: { budgets: [{ id: day, per: person, window: 1h, bytes: 4MiB, then: [cut] }] }'
  )
  const alice = await gate.account('alice')
  await gate.server.runtime.credentials.add(sampleTotp({ accountId: alice.id }))
  const code = await gate.signIn(alice, 'files')
  const key = await gate.signInWith(alice, 'webauthn', 'files')
  const open = (cookie: string | undefined, what: string) =>
    download(gate.port, `${gate.origin('files')}/${what}`, { ...navigation, cookie })
  t.equal((await set('elevated', '--until', '2s', ...why)).code, 0)
  const asked = await open(code.cookies.files, '5')
  t.match([asked.status, codeOf(asked)], [302, 'other_factor_required'])
  const challenge = await gate.request('GET', String(asked.headers.location), {
    ...navigation,
    cookie: code.cookies.gate
  })
  t.match(challenge.status, 403)
  t.match(textOf(challenge.body), /passkey or security key/, 'the portal says which factor is missing')
  const transfer = await open(key.cookies.files, 'endless')
  t.equal(await transfer.end, false)
  t.ok(transfer.bytes >= 1.5 * MiB && transfer.bytes < 3.1 * MiB, `${transfer.bytes} bytes of half the budget`)
  const explained = await command(
    'explain',
    '--url',
    `${gate.origin('files')}/x`,
    '--user',
    'alice',
    '--proof',
    'totp@1m'
  )
  t.match(explained.stdout, /asks for webauthn within 15m under the posture/)
  const free = await command('explain', '--url', `${gate.origin('files')}/x`, '--user', 'alice', '--posture', 'normal')
  t.equal(free.code, 0)

  const { postures } = gate.server.runtime
  while (postures.level('files') !== 'normal') await new Promise(resolve => setTimeout(resolve, 20))
  t.not((await open(code.cookies.files, '5')).status, 302, 'a code is enough again')
  let lines = await journalOf(gate)
  while (lines.length < 2) {
    await new Promise(resolve => setTimeout(resolve, 20))
    lines = await journalOf(gate)
  }
  t.match(lines[1], {
    outcome: 'ended',
    before: 'elevated',
    why: /^The posture elevated for all apps has ended\..*odd/
  })
})

t.test('the way back that the command names is the one that works, and what stays stricter is said', async t => {
  const { set } = await start(t)
  const one = await set('lockdown', '--app', 'files', ...why)
  t.match(
    one.stderr,
    /nobody can use files now\. To turn it back run: factorgate posture set normal --app files --why TEXT/
  )
  const all = await set('normal', ...why)
  t.match(
    all.stderr,
    /note: files keeps the stricter posture of its own; to end that: .* set normal --app files --why TEXT/
  )
  t.notMatch((await set('normal', '--app', 'files', ...why)).stderr, /stricter/)
  t.match(
    (await set('lockdown', ...why)).stderr,
    /nobody can use an app now\. .*: factorgate posture set normal --why TEXT/
  )
  t.notMatch((await set('normal', ...why)).stderr, /note:/)
})

t.test('what the command does not take', async t => {
  const { command } = await start(t)
  const rows: readonly [string, string[], number, RegExp][] = [
    ['no reason', ['lockdown'], 2, /--why is missing/],
    ['no posture', ['purple', ...why], 2, /must be normal, elevated or lockdown, got 'purple'/],
    ['no such app', ['elevated', '--app', 'x', ...why], 1, /there is no app 'x'; the apps are files, notes, trial/],
    ['no duration', ['elevated', '--until', 'noon', ...why], 2, /--until .*got 'noon'/],
    ['an end of normal', ['normal', '--until', '1h', ...why], 2, /normal needs no end/]
  ]
  t.match(await command('posture', 'set', 'elevated', ...why), {
    stderr: /warning: trial says enforce: report, so the posture stops nobody there/
  })
  t.notMatch(await command('posture', 'set', 'normal', ...why), { stderr: /warning/ })
  for (const [name, args, code, words] of rows) {
    const said = await command('posture', 'set', ...args)
    t.equal(said.code, code, name)
    t.match(said.stderr, words)
  }
})
