/** simpleSAMLphp as the identity provider: signed and encrypted answers, second factors, and people whose values must not count. */
import { readFileSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import path from 'node:path'
import t from 'tap'
import { ask, startGateway } from '../../fixtures/in-process/gateway.ts'
import { makePair } from '../../fixtures/in-process/saml-provider.ts'
import { lacksKit, startKit } from '../../fixtures/process/institution-kit.ts'

const skip = lacksKit('saml')

interface Answer {
  readonly status: number
  readonly location: string | undefined
  readonly body: string
}

/** A browser at the provider. */
class Away {
  readonly #ca: string
  readonly #cookies = new Map<string, string>()

  constructor(ca: string) {
    this.#ca = ca
  }

  async open(url: string, form?: Record<string, string>): Promise<Answer & { url: string }> {
    let [at, body] = [url, form === undefined ? null : new URLSearchParams(form).toString()]
    for (let hops = 0; hops < 10; hops++) {
      const answer = await this.#send(at, body)
      if (answer.location === undefined) return { ...answer, url: at }
      ;[at, body] = [new URL(answer.location, at).href, null]
    }
    throw new Error('too many redirects')
  }

  #send(url: string, body: string | null): Promise<Answer> {
    const headers = {
      cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      ...(body === null ? {} : { 'content-type': 'application/x-www-form-urlencoded' })
    }
    return new Promise((resolve, reject) => {
      const request = https.request(
        url,
        { method: body === null ? 'GET' : 'POST', ca: this.#ca, headers, agent: false },
        async response => {
          for (const line of response.headers['set-cookie'] ?? []) {
            const [pair = ''] = line.split(';')
            this.#cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
          }
          const chunks: Buffer[] = []
          for await (const chunk of response) chunks.push(chunk)
          resolve({
            status: response.statusCode!,
            location: response.headers.location,
            body: Buffer.concat(chunks).toString()
          })
        }
      )
      request.on('error', reject).end(body)
    })
  }
}

const field = (html: string, name: string) =>
  (new RegExp(`name="${name}"[^>]*value="([^"]*)"`).exec(html)?.[1] ?? '')
    .replaceAll('&#039;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')

t.test('simpleSAMLphp', { skip }, async t => {
  const kit = await startKit(t, 'saml')
  const ca = readFileSync(kit.ca, 'utf8')
  const entity = (host: string) => `https://${host}:${kit.port}/simplesaml/saml2/idp/metadata.php`
  const ours = makePair(t, 'gate')
  const described = await Promise.all(
    ['127.0.0.1', 'localhost'].map(async host =>
      (await new Away(ca).open(entity(host))).body.replace(/<\?xml[^>]*\?>/, '')
    )
  )
  const file = path.join(kit.folder, 'both.xml')
  writeFileSync(
    file,
    `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">${described.join('')}</md:EntitiesDescriptor>`
  )
  const entry = (id: string, host: string) =>
    `  - { id: ${id}, kind: saml, metadata: "${file}", idp: "${entity(host)}", key: "${ours.files.key}", cert: "${ours.files.certificate}", mfa: { contexts: ["https://refeds.org/profile/mfa"] } }\n`
  const gate = await startGateway(t, {
    extra: `identity:\n  - { id: local, kind: local }\n${entry('signed', '127.0.0.1')}${entry('encrypted', 'localhost')}`,
    apps: '  - { id: one, url: "http://one.localhost:PORT", upstream: "http://127.0.0.1:9", rules: [{ path: "/**", access: mfa }] }'
  })
  for (const id of ['signed', 'encrypted']) {
    const { body } = await ask(gate.port, 'GET', `${gate.portal}/.factorgate/login/${id}/metadata`)
    writeFileSync(path.join(kit.folder, 'sp', `${id}.xml`), body)
  }

  /** The whole way of one person; answers the last page and the account. */
  const signIn = async (id: string, username: string, password = 'lab') => {
    const cookies = new Map<string, string>()
    const here = async (method: string, url: string, body?: string, isOurs = true) => {
      const cookie = isOurs ? [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') : ''
      const answer = await ask(
        gate.port,
        method,
        url.startsWith('/') ? gate.portal + url : url,
        {
          accept: 'text/html',
          'sec-fetch-mode': 'navigate',
          cookie,
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/x-www-form-urlencoded', origin: 'null', 'sec-fetch-site': 'cross-site' })
        },
        body
      )
      for (const line of answer.headers['set-cookie'] ?? [])
        cookies.set(line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1, line.indexOf(';')))
      return answer
    }
    const away = new Away(ca)
    let begun = await here('GET', `/.factorgate/login/${id}`)
    for (let tries = 0; ; tries++) {
      let page = await away.open(begun.headers.location!)
      if (page.body.includes('name="password"')) {
        const state = field(page.body, 'AuthState')
        page = await away.open(page.url.replace(/\?.*/, ''), { username, password, AuthState: state })
      }
      const form = new URLSearchParams({
        SAMLResponse: field(page.body, 'SAMLResponse'),
        RelayState: field(page.body, 'RelayState')
      })
      const posted = await here('POST', `/.factorgate/login/${id}/acs`, form.toString(), false)
      const landed = posted.headers.location === undefined ? posted : await here('GET', posted.headers.location)
      if (tries === 0 && landed.headers.location?.startsWith('https:')) {
        begun = landed
        continue
      }
      return {
        code: landed.headers['factorgate-error'] ?? landed.status,
        detail: String(gate.log.at(-1)?.detail ?? '')
      }
    }
  }

  const rows: readonly (readonly [string, string, string, number | string, RegExp?])[] = [
    ['signed twice', 'signed', 'alice', 303],
    ['with a name that is no ASCII', 'signed', 'jürgen', 303],
    ['with five hundred groups', 'signed', 'many', 303],
    ['who cannot do a second factor there', 'signed', 'nomfa', 303],
    ['whose provider answers less than was asked', 'signed', 'liar', 303],
    ['under another scope', 'signed', 'scoped', 'institution_answer_invalid', /lets/],
    ['with two names', 'signed', 'two', 'institution_answer_invalid', /2 values/],
    ['with a comment in the name', 'signed', 'comment', 'institution_answer_invalid', /lets|comment/],
    ['of whom nothing is released', 'signed', 'bare', 'institution_answer_invalid', /did not release/]
  ]
  for (const [name, id, person, code, detail] of rows) {
    const end = await signIn(id, person)
    t.equal(end.code, code, `${name}: ${end.detail}`)
    if (detail !== undefined) t.match(end.detail, detail)
  }
  const { accounts } = gate.server.runtime
  t.match(await accounts.byName('alice@lab.example'), { directory: 'signed', externalId: 'alice-id@lab.example' })
  t.match(await accounts.byName('mueller@lab.example'), { groups: ['urn:mace:lab.example:group:staff'] })
  t.equal((await accounts.byName('many@lab.example'))?.groups.length, 500)
  t.equal((await signIn('signed', 'bob', 'lab 123456')).code, 303, 'with a second factor there')
  const encrypted = await signIn('encrypted', 'alice')
  t.equal(
    encrypted.code,
    'institution_name_taken',
    `an encrypted answer is opened, and the name is another institution's: ${encrypted.detail}`
  )
})
