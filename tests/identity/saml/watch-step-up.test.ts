/** The watch asks for a fresh proof: the SAML provider is asked anew, and only a sign-in there that is newer than the question counts. */
import t from 'tap'
import { askRecord } from '../../../src/unusual/asks.ts'
import { samlGate, sayTo } from '../../fixtures/in-process/saml-gate.ts'
import { encode, makePair, mfa, readRequest } from '../../fixtures/in-process/saml-provider.ts'
import { textOf } from '../../fixtures/pipeline/visitor.ts'

t.test('a person without a factor here confirms at the provider', async t => {
  const { gate, provider, browser, start } = await samlGate(t, {
    pair: makePair(t, 'idp'),
    watch: '{ unusual: { learn: 0s } }'
  })
  let count = 0
  const hour = 3_600_000
  /** The provider answers this request with a second factor of that time; the page to which it leads. */
  const answered = async (location: string, at: number) => {
    const say = sayTo(location, { context: mfa, assertionId: `_a${++count}` })
    const instant = new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')
    const xml = provider.answer(say, each => each.replace(/AuthnInstant="[^"]*"/, `AuthnInstant="${instant}"`))
    const posted = await browser.postFromElsewhere(`${start}/acs`, {
      SAMLResponse: encode(xml),
      RelayState: say.relayState
    })
    return browser.get(new URL(posted.headers.location!, gate.portal).href)
  }
  const app = gate.origin('one')
  const arrived = await answered((await browser.get(start)).headers.location!, Date.now() - hour)
  t.equal(arrived.status, 303, JSON.stringify(gate.log.at(-1)))
  const { accounts, store } = gate.server.runtime
  const account = await accounts.byName('alice@uni.example')
  await askRecord.put(store, account!.id, { at: Date.now() - 1500 }, 3600)

  const challenge = `${gate.portal}/.factorgate/challenge?${new URLSearchParams({ rd: `${app}/x`, state: 'A'.repeat(43) })}`
  let page = await browser.get(challenge)
  // The gate asks its store about the person at the first look.
  for (let n = 0; n < 100 && page.status !== 200; n++) page = await browser.get(challenge)
  const [, href = ''] = /href="([^"]*)"[^>]*>\s*Confirm at Uni/.exec(page.body) ?? []
  t.not(href, '', `${page.status} ${textOf(page.body)}`)
  const confirm = async () =>
    (await browser.get(new URL(href.replaceAll('&amp;', '&'), gate.portal).href)).headers.location!
  const asked = await confirm()
  t.match(readRequest(asked), { isForced: true, contexts: [mfa] })
  const old = await answered(asked, Date.now() - hour)
  t.match(old.headers.location, /\/challenge/, 'the sign-in of an hour ago is no answer')
  t.match(textOf((await browser.get(new URL(old.headers.location!, gate.portal).href)).body), /not recently enough/)
  const end = await answered(await confirm(), Date.now())
  t.notMatch(end.headers.location, /\/challenge/, 'a new one is')
  t.equal(end.headers.location?.startsWith(app), true)
})
