/** Tokens of a person's programs in the console: operators see and revoke them, with a reason. */
import t from 'tap'
import { openDesk, textOf } from '../fixtures/in-process/console.ts'

t.test('an operator revokes a token of a person, with a reason; the help desk reads only', async t => {
  const { gate, admin, person, journal } = await openDesk(t)
  const { tokens } = gate.server.runtime
  const { account: ada } = await person('ada')
  const { account: bob } = await person('bob')
  const limits = {
    paths: ['/raw/**'],
    methods: null,
    networks: null,
    bytes: 10 * 1024 ** 2,
    by: null,
    validSeconds: 600
  }
  const issue = async (accountId: string, name: string) =>
    (await tokens.issue({ accountId, name, app: 'notebooks', ...limits })).token
  const token = await issue(ada.id, 'Microscope')
  const foreign = await issue(bob.id, 'Robot')
  const { browser: desk } = await person('hedy', { groups: ['helpdesk'] })
  const seen = await desk.open(`${admin}/people/${ada.id}`)
  t.match(textOf(seen), /Microscope .*notebooks, until .*Never used\..*\/raw\/\*\* 10 MiB/)
  t.notMatch(seen.body, /\/token\?token=/)
  t.equal((await desk.open(`${admin}/people/${ada.id}/token?token=${token.id}`)).status, 403)

  const { browser } = await person('oscar', { groups: ['operators'] })
  t.match((await browser.open(`${admin}/people/${ada.id}`)).body, `/people/${ada.id}/token?token=${token.id}`)
  t.equal((await browser.open(`${admin}/people/${ada.id}/token?token=${foreign.id}`)).status, 404)
  const form = await browser.open(`${admin}/people/${ada.id}/token?token=${token.id}`)
  t.match(textOf(form), /Revoke a token of ada.*Microscope.*stopped now/)
  const refused = await browser.submit(form, { reason: ' ' })
  t.equal(refused.status, 403, 'without a reason nothing is done')
  t.not(await tokens.byId(token.id), null)
  const done = await browser.submit(form, { reason: 'it was in a public notebook' })
  t.match(textOf(done), /A token of ada is revoked/)
  t.equal(await tokens.byId(token.id), null)
  t.match(await journal('token.revoke'), [
    { account: ada.id, token: token.id, operator: 'oscar', by: 'console', why: 'it was in a public notebook' }
  ])
  t.not(await tokens.byId(foreign.id), null)
})
