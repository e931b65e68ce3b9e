/**
 * Secrets (as in THREATS M27): every use of the gate as a process, with all secrets noted, and then a search in everything that the gate
 * wrote: output, journal, records and files of the store.
 */
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs'
import type { OutgoingHttpHeaders } from 'node:http'
import path from 'node:path'
import t, { type Test } from 'tap'
import { openStore } from '../../src/store/open.ts'
import { Authenticator } from '../fixtures/in-process/authenticator.ts'
import { formsOf, type Page, Person, totpCode, wrongCode } from '../fixtures/in-process/person.ts'
import { startUpstream } from '../fixtures/in-process/upstream.ts'
import { type Gate, startGate } from '../fixtures/process/gate.ts'
import { startRedis, until } from '../fixtures/process/redis-server.ts'

const password = 'correct horse battery staple'
const wrongPassword = 'Tr0ub4dor-and-three-more'

/** What an app has in its own addresses: not for the journal and the log; a hand-over remembers it for half a minute. */
const appsOwn = 'an-app-of-old-puts-secrets-here'

/** What must be found nowhere, by its name. */
type Secrets = Map<string, string>

/** A person who notes every cookie, code in an address and hidden token that passes. */
class Noting extends Person {
  readonly #secrets: Secrets

  constructor(port: number, secrets: Secrets) {
    super(port)
    this.#secrets = secrets
  }

  override async request(
    method: string,
    url: string,
    options: { headers?: OutgoingHttpHeaders; body?: string } = {}
  ): Promise<Page> {
    const page = await super.request(method, url, options)
    const note = (what: string, value: string | undefined) => {
      if (value !== undefined && value.length >= 16) this.#secrets.set(`${what} ${this.#secrets.size}`, value)
    }
    for (const line of page.headers['set-cookie'] ?? []) note('cookie', /^[^=]+=([^;]*)/.exec(line)?.[1])
    const { location } = page.headers
    if (location !== undefined) note('hand-over code', new URL(location, url).searchParams.get('code') ?? undefined)
    for (const form of formsOf(page.body)) note('csrf token', form.hidden.csrf)
    return page
  }

  /** A ceremony's JSON, from the page that carries the token. */
  async json(
    gate: Gate,
    page: Page,
    asked: string,
    body: object
  ): Promise<{ status: number; value: Record<string, never> }> {
    const csrf = formsOf(page.body)[0]?.hidden.csrf ?? /data-csrf="([^"]+)"/.exec(page.body)?.[1]
    const answer = await this.request('POST', `${gate.portal}/.factorgate/webauthn/${asked}`, {
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        origin: gate.portal,
        'sec-fetch-site': 'same-origin',
        'sec-fetch-mode': 'cors',
        'sec-fetch-dest': 'empty'
      },
      body: JSON.stringify({ csrf, ...body })
    })
    return { status: answer.status, value: JSON.parse(answer.body) }
  }
}

for (const kind of ['embedded', 'redis'] as const)
  t.test(`after a whole life on the ${kind} store no secret lies anywhere`, async t => {
    const redis = kind === 'redis' ? await startRedis(t, { args: ['--appendfsync', 'always'] }) : null
    const upstream = await startUpstream(t)
    const gate = await startGate(t, {
      apps: [{ id: 'one', title: 'One', url: 'http://one.localhost:HOST', upstream: upstream.origin }],
      config: redis === null ? {} : { store: redis.url }
    })
    const secrets: Secrets = new Map()
    const codes: string[] = []
    await live(t, gate, secrets, codes)
    t.equal(await gate.stop(), 0)

    const store = redis === null ? `embedded:${path.join(gate.folder, 'store')}` : redis.url
    const hay = new Map<string, string>([['output', gate.output]])
    hay.set('journal', readFileSync(path.join(gate.folder, 'journal.jsonl'), 'latin1'))
    hay.set('records', await dump(store))
    for (const file of filesBelow(redis?.directory ?? path.join(gate.folder, 'store')))
      hay.set(file, readFileSync(file, 'latin1'))

    t.ok(secrets.size > 25, `${secrets.size} secrets were noted`)
    t.ok(codes.length >= 4)
    t.match(hay.get('journal'), /"kind":"login"/, 'the journal is the one of this life')
    t.match(hay.get('records'), /credential:/)
    t.ok(
      [...hay].some(([name, text]) => name.startsWith('/') && text.includes('credential:')),
      'and so are the files'
    )
    t.same(found(new Map([['planted', 'a'.repeat(40)]]), [], new Map([['x', `..${'a'.repeat(40)}..`]])), [
      'planted in x'
    ])
    t.same(found(new Map(), ['123456'], new Map([['journal', '"code":"123456"']])), ['code 123456 in journal'])
    t.same(found(secrets, codes, hay), [], 'nothing is found')
    for (const place of ['output', 'journal']) t.notMatch(hay.get(place), appsOwn, `no query in the ${place}`)
    if (redis === null)
      await t.test('a key file that others may read stops the start, and is not quoted', t => openKey(t, gate))
    else t.equal(statSync(path.join(gate.folder, 'factorgate.key')).mode & 0o777, 0o600)
    t.equal(statSync(path.join(gate.folder, 'journal.jsonl')).mode & 0o077, 0)
  })

/** From the invitation to the revocation, with every kind of mistake on the way. */
async function live(t: Test, gate: Gate, secrets: Secrets, codes: string[]): Promise<void> {
  for (const key of keysOf(path.join(gate.folder, 'factorgate.key'))) secrets.set('key', key)
  secrets.set('password', password)
  secrets.set('wrong password', wrongPassword)
  const invitation = await gate.invite('ada')
  secrets.set('invitation', new URL(invitation).pathname.split('/').at(-1) as string)
  const ada = new Noting(gate.port, secrets)
  await ada.open(`${invitation.slice(0, -4)}xxxx`)
  await ada.submit(await ada.open(invitation), { password: 'short' })
  await ada.submit(await ada.open(invitation), { password })
  const page = await ada.open(`${gate.portal}/.factorgate/enrol/totp`)
  const secret = /id="totp-secret"[^>]*>([\s\S]*?)</.exec(page.body)![1]!.replace(/[^A-Z2-7]/gi, '')
  secrets.set('totp secret', secret)
  secrets.set('totp secret in hex', bytesOf(secret).toString('hex'))
  secrets.set('totp secret in base64', bytesOf(secret).toString('base64').replace(/=+$/, ''))
  secrets.set('totp secret as bytes', bytesOf(secret).toString('latin1'))
  const code = (steps: number) => {
    const shown = totpCode(secret, Date.now() + steps * 30_000)
    codes.push(shown)
    return shown
  }
  const wrong = wrongCode(secret, Date.now())
  codes.push(wrong)
  const again = await ada.submit(page, { code: wrong, name: 'Telephone' })
  t.ok(again.status >= 400)
  const shown = await ada.submit(again, { code: code(0), name: 'Telephone' })
  const recovery = [...shown.body.matchAll(/<li[^>]*>([^<]+)<\/li>/g)].map(match => match[1]!.trim())
  t.equal(recovery.length, 10, `recovery codes on ${shown.url}`)
  for (const [n, one] of recovery.entries()) {
    secrets.set(`recovery code ${n}`, one)
    secrets.set(`recovery code ${n}, bare`, one.replace(/[^A-Za-z0-9]/g, ''))
  }
  await ada.submit(shown, { saved: '1' })

  const key = new Authenticator({ origin: gate.portal, userVerifies: true })
  const enrol = await ada.open(`${gate.portal}/.factorgate/enrol/webauthn`)
  const begun = await ada.json(gate, enrol, 'options?for=enrol', {})
  const { ceremony, options } = begun.value as unknown as {
    ceremony: string
    options: Parameters<Authenticator['register']>[0]
  }
  const enrolled = await ada.json(gate, enrol, 'verify?for=enrol', {
    ceremony,
    response: key.register(options),
    name: 'Key'
  })
  t.equal(enrolled.status, 200, `passkey ${JSON.stringify(enrolled.value)}`)
  t.equal((await ada.open(`${gate.origin('one')}/?token=${appsOwn}`)).body, 'ok', 'the app is reached')

  const other = new Noting(gate.port, secrets)
  const login = await other.open(`${gate.origin('one')}/`)
  await other.submit(login, { username: 'ada', password: wrongPassword })
  await other.submit(login, { username: wrongPassword, password })
  const challenge = await other.submit(login, { username: 'ada', password })
  const another = wrongCode(secret, Date.now(), wrong)
  codes.push(another)
  const refused = await other.submit(challenge, { code: another }, /totp/)
  t.equal((await other.submit(refused, { code: code(1) }, /totp/)).body, 'ok', 'signed in with a code')

  const third = new Noting(gate.port, secrets)
  const step = await third.submit(await third.open(`${gate.origin('one')}/`), { username: 'ada', password })
  const spare = await third.open(`${gate.portal}/.factorgate/challenge?show=recovery`)
  const form = formsOf(spare.body).some(each => /recovery/.test(each.action ?? '')) ? spare : step
  await third.submit(form, { code: 'wrong-wrong-wrong-wrong' }, /recovery/)
  t.ok((await third.submit(form, { code: recovery[0]! }, /recovery/)).status < 400, 'signed in with a recovery code')

  const fourth = new Noting(gate.port, secrets)
  const door = await fourth.open(`${gate.portal}/.factorgate/login`)
  const asked = (await fourth.json(gate, door, 'options?for=login', {})).value as unknown as {
    ceremony: string
    options: Parameters<Authenticator['assert']>[0]
  }
  const response = key.assert(asked.options)
  const entered = await fourth.json(gate, door, 'verify?for=login', { ceremony: asked.ceremony, response })
  t.equal(entered.status, 200, `passkey ${JSON.stringify(entered.value)}`)
  t.not(
    (await fourth.json(gate, door, 'verify?for=login', { ceremony: asked.ceremony, response })).status,
    200,
    'spent'
  )

  process.kill(gate.pid, 'SIGHUP')
  await until('the reload is journaled', async () => (await gate.journal()).some(line => line.kind === 'gate.reload'))
  t.equal((await gate.run('session', 'revoke', '--user', 'ada')).code, 0)
  await until('everybody is out', async () => (await other.open(`${gate.origin('one')}/`)).body !== 'ok')
  await other.request('POST', `${gate.portal}/.factorgate/login`, {
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'http://evil.example' },
    body: new URLSearchParams({ username: 'ada', password }).toString()
  })
}

async function openKey(t: Test, gate: Gate): Promise<void> {
  const keyFile = path.join(gate.folder, 'factorgate.key')
  chmodSync(keyFile, 0o644)
  const { code, stdout, stderr } = await gate.run('serve', '--config', gate.configFile)
  t.equal(code, 1)
  t.match(stdout + stderr, /chmod 600/)
  for (const key of keysOf(keyFile)) t.notOk((stdout + stderr).includes(key))
}

/** Which secret lies where. Codes of six digits are looked for as numbers by themselves, in text alone: six digits stand in any file. */
function found(secrets: Secrets, codes: readonly string[], hay: ReadonlyMap<string, string>): string[] {
  const all: string[] = []
  for (const [place, text] of hay) {
    for (const [name, value] of secrets) if (text.includes(value)) all.push(`${name} in ${place}`)
    for (const code of codes)
      if (!place.startsWith('/') && new RegExp(`(?<![\\w.-])${code}(?![\\w.-])`).test(text))
        all.push(`code ${code} in ${place}`)
  }
  return all
}

async function dump(url: string): Promise<string> {
  const store = await openStore(url)
  const lines: string[] = []
  for await (const { key, value } of store.scan('')) lines.push(`${key} ${value}`)
  for await (const { key, members } of store.scanIndexes('')) lines.push(`${key} ${members.map(each => each.member)}`)
  await store.close()
  return lines.join('\n')
}

function keysOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^key \S+ (\S+)$/gm)].map(match => match[1]!)
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => path.join(entry.parentPath, entry.name))
}

function bytesOf(secret: string): Buffer {
  const bits = [...secret].map(sign => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(sign).toString(2).padStart(5, '0'))
  return Buffer.from(
    bits
      .join('')
      .match(/.{8}/g)!
      .map(byte => Number.parseInt(byte, 2))
  )
}
