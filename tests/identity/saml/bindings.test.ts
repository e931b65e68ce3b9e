/** Providers that use other bindings than the gate's metadata names: the log says what to change. */
import t from 'tap'
import { samlGate } from '../../fixtures/in-process/saml-gate.ts'
import { makePair } from '../../fixtures/in-process/saml-provider.ts'

t.test('an answer in the address, and a sign-out as a form, are refused with their cause', async t => {
  const { gate, browser, start } = await samlGate(t, { pair: makePair(t, 'idp') })
  const rows = [
    [() => browser.get(`${start}/acs?SAMLResponse=x&RelayState=y`), /in the address .* as a form \(HTTP-POST\)/],
    [() => browser.get(`${start}/acs?SAMLart=x`), /HTTP-Artifact/],
    [() => browser.postFromElsewhere(`${start}/slo`, { SAMLRequest: 'x' }), /in the address \(HTTP-Redirect\)/]
  ] as const
  for (const [ask, detail] of rows) {
    const { status, headers } = await ask()
    t.same([status, headers['factorgate-error']], [403, 'institution_answer_invalid'], String(detail))
    t.match(gate.log.at(-1), { institution: 'uni', detail })
  }
  t.equal((await browser.get(`${start}/acs`)).status, 404, 'whoever opens it by hand learns nothing')
})
