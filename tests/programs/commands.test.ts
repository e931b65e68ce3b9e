/** `factorgate token`: add, list, revoke and check, on the store of a gate that runs; and the text of a token. */
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { crc32 } from 'node:zlib'
import t from 'tap'
import { findTokens, isTokenText, newTokenText, tokenPattern } from '../../src/programs/token-text.ts'
import { commandAt } from '../fixtures/in-process/command.ts'
import { echoApp, startGateway } from '../fixtures/in-process/gateway.ts'
import { download, startTorrent } from '../fixtures/in-process/torrent.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'

t.test('T9 · a token is in a public place → its form and checksum find it in any text', async t => {
  const text = newTokenText()
  t.match(text, new RegExp(`^${tokenPattern}$`))
  t.not(newTokenText(), text)
  t.ok(isTokenText(text))
  for (const [sentence, other] of [
    ['another last character', text.slice(0, -1) + (text.endsWith('A') ? 'B' : 'A')],
    ['another character in the middle', text.slice(0, 20) + (text[20] === 'A' ? 'B' : 'A') + text.slice(21)],
    ['one character more', `${text}A`],
    ['no prefix', text.slice(3)],
    ['another prefix', `gh_${text.slice(3)}`],
    ['', '']
  ] as const)
    t.notOk(isTokenText(other), sentence)
  t.same(
    findTokens(`TOKEN="${text}"\n+ see ${text}, fg_${'x'.repeat(46)} and A${text}`),
    [text],
    'each once, and no other'
  )
  // The documented checksum: CRC-32 of the forty characters in base 62.
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  const value = [...text.slice(43)].reduce((sum, digit) => sum * 62 + digits.indexOf(digit), 0)
  t.equal(value, crc32(text.slice(3, 43)))
})

t.test('the commands of an operator', async t => {
  const app = await echoApp(t)
  const torrent = await startTorrent(t)
  const gate = await startGateway(t, {
    // In one process a command and a gate on one embedded store could wait for each other.
    store: (await startRedis(t)).url,
    apps: `  - { id: files, url: "http://files.localhost:PORT", upstream: "${torrent.url}", tokens: true }
  - { id: plain, url: "http://plain.localhost:PORT", upstream: "${app.url}" }`
  })
  const alice = await gate.account('alice')
  const command = commandAt(gate.configFile)
  const add = (...args: string[]) => {
    const usual = Object.entries({ '--user': 'alice', '--app': 'files' }).filter(([option]) => !args.includes(option))
    return command('token', 'add', ...usual.flat(), ...args)
  }

  for (const [sentence, args, message] of [
    ['an app that takes no tokens', ['--app', 'plain'], /the app 'plain' takes no tokens; write 'tokens: true'/],
    ['an app that does not exist', ['--app', 'nowhere'], /there is no app 'nowhere'; the apps are files, plain/],
    ['nobody', ['--user', 'mallory'], /there is no account 'mallory'/],
    ['a path without a slash', ['--path', 'raw'], /--path must begin with/],
    ['a method in small letters', ['--method', 'get'], /--method must be/],
    ['half a network', ['--from', '10.0.0'], /--from must be/],
    ['a time without a unit', ['--valid', '90'], /--valid must be a number with a unit/],
    ['a life of ten years', ['--valid', '3650d'], /--valid must be from 1m to 366d/],
    ['no bytes', ['--bytes', '0B'], /--bytes must be at least 1B/]
  ] as const) {
    const { code, stdout, stderr } = await add(...args)
    t.ok(code > 0 && stdout === '', sentence)
    t.match(stderr, message, sentence)
  }

  const limits = ['--path', '/1*', '--path', '/endless', '--method', 'GET', '--from', '127.0.0.0/8', '--from', '::1']
  const made = await add(...limits, '--valid', '30d', '--bytes', '10GiB', '--name', 'Microscope')
  t.equal(made.code, 0, made.stderr)
  t.match(made.stdout, new RegExp(`^${tokenPattern}\n$`), 'the token alone is on standard output')
  t.notMatch(made.stderr, /fg_/)
  const text = made.stdout.trim()
  const bearer = { authorization: `Bearer ${text}` }
  t.equal((await gate.request('GET', `${gate.origin('files')}/10`, bearer)).status, 200, 'it works at once')
  t.equal((await gate.request('GET', `${gate.origin('files')}/20`, bearer)).status, 403, 'within its limits')
  await gate.server.runtime.tokens.flush()
  await gate.server.runtime.budgets?.flush()

  const [listed] = JSON.parse((await command('token', 'list', '--user', 'alice', '--json')).stdout)
  t.match(listed, {
    user: 'alice',
    app: 'files',
    name: 'Microscope',
    paths: ['/1*', '/endless'],
    methods: ['GET'],
    networks: ['127.0.0.0/8', '::1'],
    bytes: 10 * 1024 ** 3,
    used: 10,
    by: 'operator',
    hasEnded: false,
    lastUsedFrom: '127.0.0.1'
  })
  t.match(
    (await command('token', 'list')).stdout,
    /^ID +USER +APP +NAME[^\n]*\n[0-9a-f]{16} +alice +files +Microscope .*10 bytes of 10 GiB\n$/
  )

  const log = ['commit 1\n+token = "', text.slice(0, 9), text.slice(9), `"\n+ other ${newTokenText()}\n`]
  const found = await commandAt(gate.configFile, log)('token', 'check')
  t.equal(found.code, 0, found.stderr)
  t.match(found.stdout, new RegExp(`${listed.id} +alice +files +Microscope +works until`))
  t.match(found.stdout, /not known here/)
  t.notMatch(found.stdout + found.stderr, /fg_/, 'it prints no token')

  const running = await download(gate.port, `${gate.origin('files')}/endless`, bearer)
  t.match(await command('token', 'revoke', text), { code: 2, stderr: /give the id of the token/ })
  const revoked = await command('token', 'revoke', listed.id, '--why', 'it was in a commit')
  t.equal(revoked.code, 0, revoked.stderr)
  t.equal(await running.end, false, 'what runs ends')
  t.equal((await gate.request('GET', `${gate.origin('files')}/10`, bearer)).status, 401)
  t.match(await command('token', 'revoke', listed.id), { code: 1, stderr: /there is no token/ })
  t.match(await commandAt(gate.configFile, log)('token', 'check'), { code: 1, stdout: /not known here/ })
  t.match(await commandAt(gate.configFile, ['nothing here'])('token', 'check'), {
    code: 1,
    stderr: /no token in this text/
  })

  await add()
  const removed = await command('user', 'remove', 'alice', '--yes')
  t.equal(removed.code, 0, removed.stderr)
  t.same(await gate.server.runtime.tokens.list(alice.id), [], 'they end with their owner')

  const journal = readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8')
  const lines = journal
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  t.match(
    lines.filter(({ kind }) => kind.startsWith('token.')),
    [
      {
        kind: 'token.issue',
        name: 'alice',
        app: 'files',
        token: listed.id,
        program: 'Microscope',
        paths: '/1* /endless',
        by: 'terminal'
      },
      { kind: 'token.revoke', name: 'alice', token: listed.id, why: 'it was in a commit', by: 'terminal' },
      { kind: 'token.issue', program: 'files' }
    ]
  )
  t.notMatch(journal, new RegExp(tokenPattern))
})

const has = (program: string) => spawnSync(program, ['--version']).status === 0

t.test('real programs', async t => {
  const handler: Parameters<typeof echoApp>[1] = (request, response) => {
    request.resume()
    // As much of git's smart HTTP as a clone of an empty repository needs.
    response.setHeader('content-type', 'application/x-git-upload-pack-advertisement')
    const refs = `${'0'.repeat(40)} capabilities^{}\0agent=test\n`
    const line = (text: string) => (text.length + 4).toString(16).padStart(4, '0') + text
    response.end(`${line('# service=git-upload-pack\n')}0000${line(refs)}0000`)
  }
  const app = await echoApp(t, handler)
  const gate = await startGateway(t, {
    store: (await startRedis(t)).url,
    apps: `  - { id: git, url: "http://git.localhost:PORT", upstream: "${app.url}", tokens: true }`
  })
  await gate.account('alice')
  const { stdout } = await commandAt(gate.configFile)('token', 'add', '--user', 'alice', '--app', 'git')
  const token = stdout.trim()
  const url = `http://git.localhost:${gate.port}/repo.git`

  t.test('curl', { skip: !has('curl') && 'curl is not installed' }, async t => {
    const resolve = [
      '--resolve',
      `git.localhost:${gate.port}:127.0.0.1`,
      '-sS',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}'
    ]
    t.equal((await run('curl', [...resolve, url])).stdout, '401')
    t.equal((await run('curl', [...resolve, '-H', `Authorization: Bearer ${token}`, url])).stdout, '200')
    t.equal((await run('curl', [...resolve, '--anyauth', '-u', `alice:${token}`, url])).stdout, '200')
  })

  t.test('git', { skip: !has('git') && 'git is not installed' }, async t => {
    const from = (secret: string) => `http://alice:${secret}@git.localhost:${gate.port}/repo.git`
    t.match(await run('git', ['ls-remote', from(token)]), { code: 0 })
    t.match(app.seen.at(-1)?.headers, { 'remote-user': 'alice' })
    t.match(await run('git', ['ls-remote', from(newTokenText())]), { code: 128, stderr: /Authentication failed/ })
  })
})

/** Neither asks at a terminal, nor reads the files of whoever runs the tests. */
function run(program: string, args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const env = { ...process.env, GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', piece => {
    said.stdout += piece
  })
  child.stderr.on('data', piece => {
    said.stderr += piece
  })
  return new Promise(resolve => child.on('close', code => resolve({ code, ...said })))
}
