import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { Journal } from '../../src/audit/journal.ts'
import { JournalReader } from '../../src/audit/journal-reader.ts'
import { pseudonymiser, pseudonymsOf } from '../../src/audit/pseudonyms.ts'
import { makeKeyring, masterKey } from '../../src/keyring/keyring.ts'

const ring = (...seeds: number[]) => makeKeyring(seeds.map(seed => masterKey(Buffer.alloc(32, seed))))
const clock = () => Date.UTC(2026, 0, 2)

t.test('names, addresses and paths are only a keyed hash in the journal, and a real name finds them', async t => {
  const file = path.join(t.testdir({}), 'journal.jsonl')
  const pseudonymise = pseudonymiser(['user', 'client', 'path'], () => ring(1))
  const journal = await Journal.open({ path: file, clock, pseudonymise })
  for (const name of ['ada', 'bob', 'ada'])
    await journal.commit({
      kind: 'exchange',
      at: clock(),
      name,
      account: `A-${name}`,
      address: '192.0.2.1',
      path: '/secret',
      app: 'files'
    })
  await journal.close()
  const text = readFileSync(file, 'utf8')
  t.notMatch(text, /"ada"|"bob"|192\.0\.2\.1|secret/)
  const lines = text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  t.equal(lines[0].name, lines[2].name, 'the same person has the same pseudonym')
  t.not(lines[0].name, lines[1].name)
  t.match(lines[0], { name: /^~[\w-]{20}$/, address: /^~/, path: /^~/, app: 'files', kind: 'exchange' })
  for (const keys of [ring(1), ring(2, 1)]) {
    const reader = new JournalReader({ path: file, spellingsOf: person => pseudonymsOf(person, keys) })
    const found: unknown[] = []
    for await (const { account } of reader.search({ person: 'ada', limit: 10 })) found.push(account)
    t.same(found, ['A-ada', 'A-ada'])
  }
})

t.test('sponsors, and a name in a sentence of the gate, are replaced too', async t => {
  const hide = pseudonymiser(['user'], () => ring(1))!
  const [ada, otto] = [pseudonymsOf('ada', ring(1))[0]!, pseudonymsOf('otto', ring(1))[0]!]
  const asked = hide({ kind: 'sponsor.ask', at: 1, name: 'ada', person: 'ada', sponsor: 'otto' })
  t.match(asked, { name: ada, person: ada, sponsor: otto })
  const of = (name: string, why: string) => hide({ kind: 'watch.budget', at: 1, name, why }).why
  t.equal(
    of('ada', 'ada has fetched 600 MiB; adam and cicada have not. (ada)'),
    `${ada} has fetched 600 MiB; adam and cicada have not. (${ada})`
  )
  t.equal(of('a.b+c@x.org', 'a.b+c@x.org, aXb+c@x.org'), `${pseudonymsOf('a.b+c@x.org', ring(1))[0]}, aXb+c@x.org`)
  t.equal(of('a-b', 'a-b and a$&b'), `${pseudonymsOf('a-b', ring(1))[0]} and a$&b`)
})

t.test('only the fields that the configuration names are replaced', async t => {
  t.equal(
    pseudonymiser([], () => ring(1)),
    null
  )
  const event = { kind: 'login', at: 1, name: 'ada', address: '192.0.2.1', path: '/x' } as const
  t.match(pseudonymiser(['client'], () => ring(1))!(event), { name: 'ada', address: /^~/, path: '/x' })
})
