/** The journal lines that strangers can cause (THREATS D15, ASVS 16.2): their number is bounded, and the rest is counted. */
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { Caller, Fixture } from '../../fixtures/in-process/callers.ts'

t.test('a thousand refusals of one address with long paths', async t => {
  const fixture = await Fixture.start(t)
  const file = path.join(fixture.gate.folder, 'journal.jsonl')
  const lines = async () =>
    (await fixture.journal())
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
  await lines()
  const before = statSync(file).size
  const stranger = new Caller(fixture, '127.66.0.1')
  const asked = [`/${'a'.repeat(2000)}`, '/x', '/.factorgate/nothing', '/.Factorgate/x']
  await fixture.nothingUpstream(t, async () => {
    for (let round = 0; round < 50; round++)
      await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          stranger.send('GET', fixture.gate.origin('app') + asked[n % asked.length], {
            headers: { 'user-agent': 'u'.repeat(2000), cookie: 'factorgate=x' }
          })
        )
      )
  })
  t.ok((await lines()).filter(({ address }) => address === stranger.address).length <= 60)
  t.ok(statSync(file).size - before < 64 * 1024, `${statSync(file).size - before} bytes`)

  const person = await (await fixture.somebody()).signedIn(['app'], '127.66.0.2')
  for (let n = 0; n < 5; n++) await person.send('GET', `${fixture.gate.origin('app')}/${'b'.repeat(700)}`)
  const whole = (await lines()).filter(({ address, account }) => address === person.address && account !== undefined)
  t.equal(whole.filter(({ path }) => path === `/${'b'.repeat(700)}`).length, 5, 'a person’s lines are whole')

  fixture.time.advance(60)
  await stranger.send('GET', `${fixture.gate.origin('app')}/x`)
  const told = (await lines()).filter(
    ({ kind, address }) => kind === 'exchange.repeated' && address === stranger.address
  )
  const written = (await lines()).filter(
    ({ kind, address, account }) => kind === 'exchange' && address === stranger.address && account === undefined
  )
  t.equal(told.length, 1)
  t.equal(told[0].count + written.length, 1000 + 1, 'every one of them is in the journal, as a line or in the count')
  t.match(told[0].outcomes, /sign_in_required:\d+/)
  for (const { path } of written) t.ok(path === undefined || path.length <= 256)
  t.notMatch(readFileSync(file, 'utf8'), 'a'.repeat(257))
})
