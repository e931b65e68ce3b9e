/** Telling people, in the running gate: from a change of an account to the mail and the webhook. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import { run } from '../../src/cli/run.ts'
import { startGateway } from '../fixtures/in-process/gateway.ts'
import { startSmtp } from '../fixtures/in-process/smtp-server.ts'
import { until } from '../fixtures/in-process/until.ts'

const secret = 'a-secret-of-24-characters'

async function hook(t: Test) {
  const got: { type: string; data: Record<string, unknown> }[] = []
  const server = http.createServer((request, response) => {
    let body = ''
    request.on('data', part => {
      body += part
    })
    request.on('end', () => {
      got.push(JSON.parse(body))
      response.end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`, got }
}

/** Runs a command as an operator at the terminal does. */
async function command(folder: string, ...args: string[]) {
  let out = ''
  let err = ''
  const code = await run(args, {
    stdout: text => {
      out += text
    },
    stderr: text => {
      err += text
    },
    env: {},
    cwd: folder,
    isTTY: false,
    clock: Date.now,
    wait: async () => {}
  })
  return { code, out, err }
}

t.test('a suspension at the terminal is told by the gate', async t => {
  const smtp = await startSmtp(t)
  const { url, got } = await hook(t)
  const gate = await startGateway(t, {
    apps: '  - { id: one, url: "http://one.localhost:PORT", upstream: "http://127.0.0.1:9" }',
    extra: `notify: { mail: { server: "smtp://127.0.0.1:${smtp.port}", unsafePlain: true, from: gate@lab.example }, webhooks: [{ url: "${url}", secret: ${secret}, events: [suspend] }] }`
  })
  await gate.account('alice')
  await gate.account('olga', ['operators'])
  t.equal((await command(gate.folder, 'user', 'suspend', 'alice', '--why', 'left the lab')).code, 0)
  await until(() => smtp.mails.length === 2 && got.length === 1, 'two mails and a message', 20)
  t.same(smtp.mails.flatMap(({ to }) => to).sort(), ['alice@lab.example', 'olga@lab.example'])
  const toAlice = smtp.mails.find(({ to }) => to[0] === 'alice@lab.example')?.content
  t.match(toAlice, /Subject: \[Test Lab\] Your access is suspended/)
  t.match(toAlice, /left the lab/)
  t.match(got, [{ type: 'suspended', data: { name: 'alice', why: 'left the lab' } }])
  await until(() => lines(gate.folder, 'notice.sent').length === 3, 'the lines of the journal', 20)
  t.match(lines(gate.folder, 'notice.sent')[0], { notices: 'suspended', outcome: 'sent', tries: 1 })
  t.notMatch(JSON.stringify(lines(gate.folder, 'notice.sent')), '/x"', 'the path of a webhook is not in the journal')
})

t.test('what happened while the mail server was away is told when it is back, by another gate', async t => {
  const smtp = await startSmtp(t)
  smtp.answers = { greeting: '421 closed for now' }
  const options = {
    apps: '  - { id: one, url: "http://one.localhost:PORT", upstream: "http://127.0.0.1:9" }',
    extra: `notify: { mail: { server: "smtp://127.0.0.1:${smtp.port}", unsafePlain: true, from: gate@lab.example } }`
  }
  const gate = await startGateway(t, options)
  await gate.account('alice')
  await command(gate.folder, 'user', 'suspend', 'alice', '--why', 'x')
  await until(
    () => gate.log.some(({ msg }) => /cannot be sent/.test(String(msg))),
    'the log says that mails cannot be sent',
    20
  )
  smtp.answers = {}
  // A reload begins anew, as a restart does.
  await gate.server.reload(await gate.load())
  await until(() => smtp.mails.length === 1, 'the mail', 20)
  t.equal(gate.log.filter(({ msg }) => /cannot be sent/.test(String(msg))).length, 1)
})

t.test('an invitation goes out by mail, and its link works', async t => {
  const smtp = await startSmtp(t)
  const gate = await startGateway(t, {
    apps: '  - { id: one, url: "http://one.localhost:PORT", upstream: "http://127.0.0.1:9" }',
    extra: `notify: { mail: { server: "smtp://127.0.0.1:${smtp.port}", unsafePlain: true, from: gate@lab.example } }`
  })
  const added = await command(gate.folder, 'user', 'add', 'carol', '--email', 'carol@lab.example', '--mail')
  t.match(added, { code: 0, out: '', err: /The gate sends the invitation to carol@lab.example/ })
  await until(() => smtp.mails.length === 1, 'the invitation', 20)
  const link = linkIn(smtp.mails[0]?.content ?? '', 'invite')
  t.match(await gate.request('GET', link), { status: 200, body: /carol/ })
  t.notMatch(
    readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8'),
    link.split('/').at(-1) ?? '',
    'its token is not in the journal'
  )

  t.match(await command(gate.folder, 'user', 'invite', 'carol', '--mail'), { code: 0, out: '' })
  await until(() => smtp.mails.length === 2, 'the next one', 20)
  t.not(linkIn(smtp.mails[1]?.content ?? '', 'invite'), link)
  const refused = await command(gate.folder, 'user', 'add', 'dora', '--mail')
  t.match(refused, { code: 1, err: /--mail needs a mail address, and dora has none/ })
  t.equal(await gate.server.runtime.accounts.byName('dora'), null, 'nobody is added without the mail')

  const tried = await command(gate.folder, 'notify', 'test', '--to', 'me@lab.example')
  t.match(tried, { code: 0, out: /^127\.0\.0\.1:\d+: 250 kept\n$/ })
  smtp.answers = { rcpt: '550 no such person' }
  t.match(await command(gate.folder, 'notify', 'test', '--to', 'me@lab.example'), {
    code: 1,
    out: /not taken: .*550 no such person/
  })
  t.equal((await command(gate.folder, 'notify', 'test')).code, 2)
  t.match(await command(gate.folder, 'notify', 'test', '--webhooks'), { code: 1, err: /notify\.webhooks/ })
})

/** The link in the plain text of a mail, whose lines may be quoted-printable. */
function linkIn(content: string, page: string): string {
  const text = content.replaceAll('=\r\n', '').replaceAll('=3D', '=')
  return new RegExp(`http://\\S+/\\.factorgate/${page}/\\S+`).exec(text)?.[0] ?? ''
}

t.test('without notify nothing is kept', async t => {
  const gate = await startGateway(t, {
    apps: '  - { id: one, url: "http://one.localhost:PORT", upstream: "http://127.0.0.1:9" }'
  })
  await gate.account('alice')
  await command(gate.folder, 'user', 'suspend', 'alice', '--why', 'x')
  t.same(await gate.server.runtime.store.members('notices'), [])
})

function lines(folder: string, kind: string): Record<string, unknown>[] {
  return readFileSync(path.join(folder, 'journal.jsonl'), 'utf8')
    .split('\n')
    .filter(line => line.includes(`"kind":"${kind}"`))
    .map(line => JSON.parse(line))
}
