/** Providers that send their answer as a form (OAuth 2.0 Form Post Response Mode). */
import t from 'tap'
import { entryOf, mfa, startOidcGate } from '../../fixtures/in-process/oidc-gate.ts'
import { startOidcProvider } from '../../fixtures/in-process/oidc-provider.ts'

const modes: (readonly [modes: unknown, asked: string | null])[] = [
  [['form_post'], 'form_post'],
  [['fragment', 'form_post'], 'form_post'],
  [['query', 'fragment', 'form_post'], null],
  [undefined, null],
  [null, null]
]

t.test('a form is asked for where the provider has nothing else, and each form leads on like an address', async t => {
  for (const [supported, asked] of modes) {
    const what = JSON.stringify(supported)
    const provider = await startOidcProvider(t)
    provider.person = { ...provider.person, acr: 'https://refeds.org/profile/mfa' }
    provider.lies = { metadata: metadata => ({ ...metadata, response_modes_supported: supported }) }
    const gate = await startOidcGate(t, [entryOf('campus', provider, mfa)])
    const browser = gate.browser()
    const start = `${gate.portal}/.factorgate/login/campus`
    const { location } = await browser.go(`${start}?${new URLSearchParams({ rd: `${gate.origin('files')}/data` })}`)
    t.equal(new URL(location as string).searchParams.get('response_mode'), asked, what)
    const answer = new URL(provider.authorize(location as string))
    // Browsers send no cookie that is Lax with the form of another site.
    const post = (body: URLSearchParams) =>
      gate.request(
        'POST',
        answer.origin + answer.pathname,
        {
          'content-type': 'application/x-www-form-urlencoded',
          origin: new URL(provider.issuer).origin,
          'sec-fetch-site': 'cross-site'
        },
        body.toString()
      )
    const posted = await post(
      new URLSearchParams([...answer.searchParams, ['id_token', 'x'], ['rd', 'https://evil.test']])
    )
    t.equal(posted.status, 303, what)
    t.equal(posted.headers['set-cookie'], undefined, 'it signs nobody in')
    const next = new URL(posted.headers.location as string, start)
    t.same([next.origin, next.pathname], [new URL(start).origin, `/.factorgate/login/campus/callback`])
    t.same([...next.searchParams].sort(), [...answer.searchParams].sort(), 'the answer, and nothing else')
    const page = await browser.go(next.href)
    t.match(page.body, /"remote-user":"ada"/, `${what} ${page.status} ${gate.said()}`)
    const stranger = await gate.browser().go(next.href)
    t.match([stranger.status, stranger.headers['factorgate-error']], [403, 'institution_login_expired'])
    for (const body of ['', 'state=a&state=b', 'code=x'])
      t.equal(
        (
          await gate
            .browser()
            .go(new URL((await post(new URLSearchParams(body))).headers.location as string, start).href)
        ).status,
        403,
        body
      )
  }
})
