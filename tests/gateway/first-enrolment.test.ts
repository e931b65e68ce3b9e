/** The key `enrolment`, in a whole gate: the page that a person without a second factor reaches after the sign-in at an institution. */
import t from 'tap'
import { navigation, startGateway } from '../fixtures/in-process/gateway.ts'

const secret = 'a-long-secret-of-the-proxy-in-front'

const rows: readonly (readonly [string, string, string])[] = [
  ['by default an invitation is needed', '', '/.factorgate/challenge'],
  ['a colleague may approve', ', enrolment: sponsor', '/.factorgate/sponsor/ask'],
  ['a roll-out is under way', ', enrolment: { until: 2999-12-31 }', '/.factorgate/enrol'],
  ['a roll-out is over', ', enrolment: { until: 2020-01-01 }', '/.factorgate/challenge']
]

for (const [sentence, enrolment, end] of rows)
  t.test(sentence, async t => {
    const gate = await startGateway(t, {
      apps: '  - { id: one, url: "http://one.localhost:PORT", upstream: "http://127.0.0.1:1" }',
      extra: `identity: [{ id: local, kind: local }, { id: front, kind: header, from: [127.0.0.1], headers: { name: X-User }, secret: { header: X-Gate-Secret, value: ${secret} }${enrolment} }]`
    })
    const headers = { ...navigation, 'x-user': 'grace', 'x-gate-secret': secret }
    let url = `${gate.portal}/.factorgate/login/front`
    let cookie = ''
    for (let hops = 0; hops < 6; hops++) {
      const answer = await gate.request('GET', url, { ...headers, ...(cookie === '' ? {} : { cookie }) })
      const session = answer.headers['set-cookie']?.find(line => /^factorgate[-\d]*=/.test(line))
      if (session !== undefined) cookie = session.split(';')[0] as string
      if (answer.headers.location === undefined) break
      url = new URL(answer.headers.location, url).href
    }
    t.equal(new URL(url).pathname, end)
    t.match(await gate.server.runtime.accounts.byName('grace'), { directory: 'front' })
  })
