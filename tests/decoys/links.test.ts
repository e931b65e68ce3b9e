/** Links to a decoy in pages of the app itself, through the whole gate: whoever follows one is asked first. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { echoApp, navigation, startGateway } from '../fixtures/in-process/gateway.ts'

t.test(
  'B6 · a page of the app holds a link to a decoy → its readers are asked for a proof and go on, and who follows one again and again is suspended',
  async t => {
    const { url, seen } = await echoApp(t)
    const time = { now: 1_800_000_000_000 }
    const gate = await startGateway(t, {
      clock: () => time.now,
      apps: `  - { id: files, url: "http://files.localhost:PORT", upstream: "${url}", decoys: [/finance/**] }`
    })
    const account = await gate.account('alice')
    const [owner, thief] = [await gate.signIn(account, 'files'), await gate.signIn(account, 'files')]
    const get = (cookies: Record<string, string>, what: string, headers = {}) =>
      gate.request('GET', `${gate.origin('files')}/${what}`, { cookie: cookies.files, ...headers })
    const click = { ...navigation, 'sec-fetch-site': 'same-origin' }
    const suspended = async () => (await gate.server.runtime.accounts.byId(account.id))?.suspended ?? null
    for (let n = 0; n < 3; n++) {
      time.now += 1000
      const before = seen.length
      t.match(await get(owner.cookies, 'finance/x', click), {
        status: 302,
        headers: { 'factorgate-error': 'unusual_proof_required' }
      })
      t.equal((await get(owner.cookies, 'notes')).status, 401, 'nothing goes on without a proof')
      t.equal(seen.length, before)
      t.equal(await suspended(), null)
      time.now += 1000
      await gate.server.runtime.sessions.prove(owner.principal, { kind: 'totp', at: time.now, userVerified: false })
      t.equal((await get(owner.cookies, 'notes')).status, 200, 'the owner goes on')
      t.equal((await get(thief.cookies, 'notes')).status, 401, 'and no other session')
    }
    t.equal((await get(owner.cookies, 'finance/x', click)).status, 403)
    t.match(await suspended(), { cause: 'decoy' })
    await gate.server.runtime.journal.flush()
    const lines = readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8')
      .split('\n')
      .filter(line => line.includes('"watch.decoy"'))
      .map(line => JSON.parse(line))
    t.match(lines[0], { outcome: 'touched', led: 'app_link', steps: /step-up$/, name: 'alice' })
    t.match(lines.at(-1), { outcome: 'touched', led: 'app_link', steps: /suspend$/ })
  }
)
