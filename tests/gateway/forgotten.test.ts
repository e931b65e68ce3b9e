/** A lost password: a link by mail, then a second factor, then the new password; never the mail alone. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { ProofKind } from '../../src/factor/proof.ts'
import { Person, totpCode, wrongCode } from '../fixtures/in-process/person.ts'
import { openSignInGate, password, read } from '../fixtures/in-process/signing-in.ts'
import { type SmtpServer, startSmtp } from '../fixtures/in-process/smtp-server.ts'
import { until } from '../fixtures/in-process/until.ts'

const apps = '  - { id: one, url: "http://one.localhost:PORT", upstream: UPSTREAM }'
const fresh = 'a fresh horse of battery'

async function open(t: Test) {
  const smtp = await startSmtp(t)
  const extra = `notify: { mail: { server: "smtp://127.0.0.1:${smtp.port}", unsafePlain: true, from: gate@lab.example } }`
  const all = await openSignInGate(t, apps, extra)
  const page = (name: string) => `${all.gate.portal}/.factorgate/${name}`
  const someone = () => new Person(all.gate.port)
  const ask = async (person: Person, username: string) =>
    person.submit(await person.open(page('forgotten')), { username })
  return { ...all, smtp, page, someone, ask }
}

async function linkFrom({ mails }: SmtpServer, count = 1): Promise<string> {
  await until(() => mails.length >= count, 'the link', 20)
  const text = mails[count - 1]?.content.replaceAll('=\r\n', '').replaceAll('=3D', '=') ?? ''
  return /http:\/\/\S+\/\.factorgate\/reset\/\S+/.exec(text)?.[0] ?? ''
}

t.test('with the mail and an authenticator app', async t => {
  const { gate, time, runtime, withPassword, browserOf, smtp, page, someone, ask, host } = await open(t)
  const { account, secret } = await withPassword(['totp'])
  const elsewhere = await browserOf(account, ['password', 'totp'])
  const person = someone()
  t.match(read(await person.open(page('login'))), 'Forgotten your password?')
  t.match(read(await ask(person, account.email as string)), 'If there is an account of that name')
  const link = await linkFrom(smtp)
  t.match(smtp.mails[0]?.to, [account.email])

  const opened = await person.open(link)
  t.match(read(opened), 'Next, the gate asks for your second factor')
  t.equal((await person.open(link)).status, 200, 'a mail scanner spends nothing')
  const challenge = await person.submit(opened, {})
  t.match(challenge.url, '/.factorgate/challenge')

  // The link alone opens nothing.
  t.match((await person.open(page('reset/password'))).url, '/.factorgate/challenge', 'no password without the factor')
  t.match((await person.open(`http://one.localhost:${gate.port}/`)).url, '/.factorgate/challenge', 'no app')
  t.match((await person.open(page('account'))).url, '/.factorgate/challenge', 'no account')
  t.match((await person.open(page('enrol'))).url, '/.factorgate/challenge', 'no new factor')
  t.match(await someone().open(link), { status: 403 }, 'a link that is spent')

  const wrong = await person.submit(await person.open(page('challenge')), { code: wrongCode(secret, time.now) })
  t.equal(wrong.status, 401)
  time.advance(30)
  const choose = await person.submit(wrong, { code: totpCode(secret, time.now) })
  t.match(choose.url, '/.factorgate/reset/password')
  t.match((await person.open(`http://one.localhost:${gate.port}/`)).url, '/.factorgate/reset/password', 'still no app')
  const weak = await person.submit(choose, { password: 'password' })
  t.equal(weak.status, 403)
  const done = await person.submit(weak, { password: fresh })
  t.equal(done.url, page(''), 'and they are in')
  t.match(read(await person.open(page('account'))), 'Sign out')

  t.match((await elsewhere.open(page('account'))).url, '/.factorgate/login', 'other sign-ins have ended')
  const typed = async (word: string) => {
    const other = someone()
    return other.submit(await other.open(page('login')), { username: account.name, password: word })
  }
  t.equal((await typed(password)).status, 401, 'the old password is over')
  t.match((await typed(fresh)).url, '/.factorgate/challenge', 'the new one works')
  time.advance(5)
  await until(
    () => smtp.mails.some(({ content }) => /Subject:.*You have a new password/.test(content)),
    'the person is told',
    20
  )
  const journal = readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8')
  for (const line of ['"password.link".*"sent"', '"password.link".*"used"', '"password.change".*"reset"'])
    t.match(journal, new RegExp(line))
  t.notMatch(journal, link.split('/').at(-1) ?? '', 'the token is not in the journal')
  t.ok(host !== '' && runtime !== undefined)
})

t.test('the link works in the browser that asked, and after another request no more', async t => {
  const { withPassword, smtp, someone, ask } = await open(t)
  const { account } = await withPassword(['recovery'])
  const [person, thief] = [someone(), someone()]
  await ask(person, account.name)
  const link = await linkFrom(smtp)
  const there = await thief.open(link)
  t.equal(there.status, 403)
  t.match(read(there), 'This link belongs to another browser')
  t.equal((await person.open(link)).status, 200, 'nothing is spent by that')
  await ask(person, account.name)
  const newer = await linkFrom(smtp, 2)
  t.match(read(await person.open(link)), 'This link does not work any more')
  t.equal((await person.open(newer)).status, 200)
})

t.test(
  'strangers ask for links for a new password without end: those of the person work, and they get more (M17)',
  async t => {
    const { gate, time, withPassword, smtp, page, ask } = await open(t)
    const { account, secret } = await withPassword(['totp'])
    const person = new Person(gate.port, '127.0.0.1')
    const challenge = await person.submit(await person.open(page('login')), { username: account.name, password })
    t.equal((await person.submit(challenge, { code: totpCode(secret, time.now) })).url, page(''))
    const links = () =>
      smtp.mails.filter(({ content }) => content.replaceAll('=\r\n', '').includes('/.factorgate/reset/'))
    const linkOf = (i: number) => linkFrom({ mails: links() } as SmtpServer, i)

    await ask(person, account.name)
    await until(() => links().length === 1, 'the first link', 20)
    const first = await linkOf(1)
    for (let i = 0; i < 5; i++) await ask(new Person(gate.port, '127.8.0.2'), account.name)
    await until(() => links().length === 4, 'three of strangers', 20)
    t.match(read(await person.open(first)), 'Next, the gate asks for your second factor', 'the link still works')
    await ask(person, account.name)
    await until(() => links().length === 5, 'one more for the person', 20)
    const second = await linkOf(5)
    t.match(read(await person.open(first)), 'This link does not work any more')
    t.match((await person.submit(await person.open(second), {})).url, '/.factorgate/challenge')
    time.advance(30)
    const choose = await person.submit(await person.open(page('challenge')), { code: totpCode(secret, time.now) })
    await person.submit(choose, { password: fresh })
    for (let i = 2; i <= 4; i++)
      t.match(read(await person.open(await linkOf(i))), 'This link does not work any more', 'a new password ends all')
  }
)

t.test('nobody learns who has an account, and nobody else gets a mail', async t => {
  const { runtime, withPassword, resident, time, smtp, page, someone, ask } = await open(t)
  const { account } = await withPassword(['totp'])
  const { account: bare } = await withPassword([])
  const { account: gone } = await resident(['totp'])
  await runtime.accounts.suspend(gone.id, 'left')
  const person = someone()
  const known = await ask(person, account.name)
  await linkFrom(smtp)
  for (const name of ['nobody', 'nobody@lab.example', bare.name, gone.name, '\u0000', 'x'.repeat(256)]) {
    const answer = await ask(person, name)
    t.equal(answer.status, known.status, JSON.stringify(name.slice(0, 20)))
    t.equal(read(answer), read(known))
  }
  for (let i = 0; i < 5; i++) await ask(person, account.name)
  t.equal(smtp.mails.length <= 3, true, 'three links an hour')
  let status = 200
  for (let i = 0; i < 20 && status === 200; i++) status = (await ask(person, 'nobody')).status
  t.equal(status, 429, 'twenty requests an hour from one network')
  time.advance(3601)
  t.equal((await ask(person, 'nobody')).status, 200)
  t.equal((await person.open(page('forgotten'))).status, 200)
})

t.test('the link ends after half an hour, and so does what it has begun', async t => {
  const { withPassword, time, smtp, page, someone, ask } = await open(t)
  const { account, codes } = await withPassword(['recovery'])
  const person = someone()
  await ask(person, account.name)
  const link = await linkFrom(smtp)
  time.advance(31 * 60)
  t.match(read(await person.open(link)), 'This link does not work any more')
  await ask(person, account.name)
  const begun = await person.submit(await person.open(await linkFrom(smtp, 2)), {})
  t.match(begun.url, '/.factorgate/challenge')
  const choose = await person.submit(begun, { code: codes[0] ?? '' }, /recovery/)
  t.match(choose.url, '/.factorgate/reset/password')
  time.advance(31 * 60)
  const late = await person.submit(choose, { password: fresh })
  t.notMatch(late.url, /\/\.factorgate\/$/)
  const other = someone()
  const old = await other.submit(await other.open(page('login')), { username: account.name, password })
  t.match(old.url, '/.factorgate/challenge', 'the old password stays')
})

t.test('who may set a new password', async t => {
  const { withPassword, browserOf, page } = await open(t)
  const rows: [what: string, proofs: ProofKind[], isAllowed: boolean][] = [
    ['the link alone', ['mail'], false],
    ['the link, then an authenticator app', ['mail', 'totp'], true],
    ['the link, then a recovery code', ['mail', 'recovery'], true],
    ['the link, then a passkey', ['mail', 'webauthn'], true],
    ['a factor that was shown before the link', ['totp', 'mail'], false],
    ['a usual sign-in', ['password', 'totp'], false],
    ['a passkey without a link', ['webauthn'], false],
    ['somebody who has set it already', ['mail', 'totp', 'password'], false]
  ]
  for (const [what, proofs, isAllowed] of rows) {
    const { account } = await withPassword(['totp'])
    const person = await browserOf(account, proofs)
    const there = await person.open(page('reset/password'))
    t.equal(there.url === page('reset/password'), isAllowed, what)
    if (!isAllowed) continue
    t.equal((await person.submit(there, { password: fresh })).url, page(''), `${what}: goes on`)
    const other = new Person(Number(new URL(page('')).port))
    const typed = await other.submit(await other.open(page('login')), { username: account.name, password: fresh })
    t.match(typed.url, '/.factorgate/challenge', `${what}: the new password works`)
  }
})

t.test('without mail there is no such page', async t => {
  const { gate } = await openSignInGate(t, apps)
  const person = new Person(gate.port)
  t.equal((await person.open(`${gate.portal}/.factorgate/forgotten`)).status, 404)
  t.notMatch(read(await person.open(`${gate.portal}/.factorgate/login`)), 'Forgotten your password?')
})
