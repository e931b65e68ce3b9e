/** A sign-in through a SAML identity provider, through the whole gate: from the button to the app, and what ends on the way. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { ask, startGateway } from '../../fixtures/in-process/gateway.ts'
import {
  alice,
  encode,
  makePair,
  mfa,
  readRequest,
  SamlProvider,
  type Say
} from '../../fixtures/in-process/saml-provider.ts'

const pair = makePair(t, 'idp')

async function house(
  t: Test,
  {
    more = '',
    providers = [new SamlProvider('https://idp.example/entity', pair)],
    idp = 'idp: https://idp.example/entity'
  } = {}
) {
  const folder = t.testdir({})
  const file = path.join(folder, 'metadata.xml')
  writeFileSync(
    file,
    `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">${providers.map(each => each.metadata()).join('')}</md:EntitiesDescriptor>`
  )
  const gate = await startGateway(t, {
    extra: `identity:\n  - { id: local, kind: local }\n  - { id: uni, kind: saml, title: Uni, metadata: "${file}", ${idp}, mfa: { contexts: ["${mfa}"] } ${more} }\n`,
    apps: '  - { id: one, url: "http://one.localhost:PORT", upstream: "http://127.0.0.1:9", rules: [{ path: "/**", access: mfa }] }'
  })
  return {
    gate,
    provider: providers[0]!,
    browser: new Browser(gate.port),
    start: `${gate.portal}/.factorgate/login/uni`
  }
}

class Browser {
  readonly #port: number
  readonly cookies = new Map<string, string>()

  constructor(port: number) {
    this.#port = port
  }

  async send(method: string, url: string, body?: string, headers: Record<string, string> = {}) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await ask(
      this.#port,
      method,
      url,
      {
        accept: 'text/html',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
        ...(cookie === '' || headers.cookie === '' ? {} : { cookie }),
        ...headers
      },
      body
    )
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [pair = ''] = line.split(';')
      const cut = pair.indexOf('=')
      if (/max-age=0/i.test(line)) this.cookies.delete(pair.slice(0, cut))
      else this.cookies.set(pair.slice(0, cut), pair.slice(cut + 1))
    }
    return answer
  }

  get(url: string) {
    return this.send('GET', url)
  }

  /** As a browser sends the form of another site: without cookies that are Lax. */
  postFromElsewhere(url: string, fields: Record<string, string>) {
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      origin: 'https://idp.example',
      'sec-fetch-site': 'cross-site',
      cookie: ''
    }
    return this.send('POST', url, new URLSearchParams(fields).toString(), headers)
  }
}

const sayTo = (location: string, more: Partial<Say> = {}): Say & { relayState: string } => {
  const { id, acs, issuer, relayState } = readRequest(location)
  return { inResponseTo: id, acs, audience: issuer, now: Date.now(), relayState, ...more }
}

t.test('a person signs in, and the account is theirs', async t => {
  const { gate, provider, browser, start } = await house(t)
  const begun = await browser.get(`${start}?rd=${encodeURIComponent(`${gate.portal}/.factorgate/`)}`)
  t.equal(begun.status, 303)
  t.match(begun.headers.location, /^https:\/\/idp\.example\/entity\/sso\?SAMLRequest=/)
  const asked = readRequest(begun.headers.location!)
  t.match(asked, {
    acs: `${start}/acs`,
    issuer: `${start}/metadata`,
    contexts: [mfa],
    isForced: false,
    destination: 'https://idp.example/entity/sso'
  })
  const say = sayTo(begun.headers.location!)
  const posted = await browser.postFromElsewhere(`${start}/acs`, {
    SAMLResponse: encode(provider.answer(say)),
    RelayState: say.relayState
  })
  t.equal(posted.status, 303, JSON.stringify(gate.log.at(-1)))
  const landed = await browser.get(
    posted.headers.location!.startsWith('/') ? gate.portal + posted.headers.location : posted.headers.location!
  )
  t.equal(landed.status, 303, landed.body.slice(0, 300) + JSON.stringify(gate.log.at(-1)))
  const account = await gate.server.runtime.accounts.byName('alice@uni.example')
  t.match(account, { directory: 'uni', externalId: 'alice-1@uni.example' })
  t.test('the code is used once', async t => {
    const again = await browser.get(gate.portal + posted.headers.location)
    t.equal(again.headers['factorgate-error'], 'institution_login_expired')
  })
  t.test('the assertion is used once', async t => {
    const again = await browser.postFromElsewhere(`${start}/acs`, {
      SAMLResponse: encode(provider.answer(say)),
      RelayState: say.relayState
    })
    t.equal(again.headers['factorgate-error'], 'institution_answer_invalid')
    t.match(gate.log.at(-1), { detail: /used before/ })
  })
})
void alice
