/** `factorgate user resume`: ordinary suspensions, those of the watch, and two operators after a decoy. */
import t from 'tap'
import { parseConfig } from '../../config/load.ts'
import { People } from '../../src/administration/people.ts'
import type { Budget } from '../../src/budgets/budget.ts'
import { readLedger, settle } from '../../src/budgets/ledger.ts'
import { ledgerId, ledgerRecord } from '../../src/budgets/ledger-record.ts'
import { Accounts } from '../../src/identity/accounts.ts'
import type { SuspensionCause } from '../../src/identity/suspension.ts'
import { liftingOf } from '../../src/services/budget-lifting.ts'
import { StoreUnreachable } from '../../src/store/store.ts'
import { terminal, usualConfig } from './terminal.ts'

t.test('who is let in again, and with which words', async t => {
  const config = `${usualConfig}watch: { resume: { afterDecoy: two-operators } }\n`
  let typed = ''
  const at = terminal(t, { config, ask: async () => typed })
  await at.newKey()
  await at.ok('user', 'add', 'ada')
  const accounts = new Accounts({ store: at.store(), clock: at.time.read })
  const suspend = async (cause?: SuspensionCause) => {
    const { id } = (await accounts.byName('ada'))!
    await accounts.suspend(id, 'Too much.', cause === undefined ? {} : { cause })
    return async () => (await accounts.byId(id))?.suspended
  }
  const ordinary = await suspend()
  t.equal((await at('user', 'resume', 'ada')).code, 0, 'an ordinary suspension needs no reason')
  t.equal(await ordinary(), null)

  const budget = await suspend('budget')
  const silent = await at('user', 'resume', 'ada')
  t.match(
    [silent.code, silent.stderr],
    [1, /the watch has suspended ada \(Too much\.\); say why .*resume ada --why TEXT/]
  )
  t.match(await budget(), { cause: 'budget' })
  t.equal((await at('user', 'resume', 'ada', '--why', 'a backup program')).code, 0)
  t.equal(await budget(), null)
  t.match(at.journal().at(-1), { outcome: 'resumed', why: 'a backup program', cause: 'budget', by: 'terminal' })

  const unusual = await suspend('unusual')
  t.equal((await at('user', 'resume', 'ada')).code, 1, 'nothing was typed at the terminal')
  typed = ' talked to her '
  t.equal((await at('user', 'resume', 'ada')).code, 0)
  t.equal(await unusual(), null)
  t.match(at.journal().at(-1), { outcome: 'resumed', why: 'talked to her' })

  const decoy = await suspend('decoy')
  const first = await at('user', 'resume', 'ada', '--why', 'a scanner')
  t.match([first.code, first.stderr], [0, /the wish is kept/])
  const second = await at('user', 'resume', 'ada', '--why', 'a scanner')
  t.match([second.code, second.stderr], [1, /has asked for ada already; another operator must agree/])
  t.match(await decoy(), { cause: 'decoy', resumeAsked: { why: 'a scanner' } })
  const wish = /let in +wanted by \S+, \d{4}.* UTC: a scanner \(another operator must agree before \d{4}.* UTC\)/
  t.match(await at.ok('user', 'show', 'ada'), wish, 'the other operator reads it')
  t.equal((await at('user', 'suspend', 'ada', '--why', 'not yet')).code, 0)
  t.match(await decoy(), { cause: 'decoy', why: 'not yet' }, 'a new reason makes it no ordinary one')
})

t.test('a person whom a budget cuts goes on, although nobody is suspended', async t => {
  const config = `${usualConfig}watch: { budgets: [{ id: theft, per: person, window: 24h, requests: 100, then: [notify, cut, suspend] }, { id: asks, per: session, window: 1h, requests: 10, then: [step-up] }] }\n`
  const at = terminal(t, { config })
  await at.newKey()
  await at.ok('user', 'add', 'ada')
  t.match((await at('user', 'resume', 'ada')).stderr, /ada is not suspended, and no budget stops ada/)
  const { id } = (await new Accounts({ store: at.store(), clock: at.time.read }).byName('ada'))!
  const loaded = parseConfig(config, 'factorgate.yaml')
  if (loaded.kind !== 'ok') throw new Error('the configuration has problems')
  const { budgets } = await liftingOf(loaded.config, at.store(), at.time.read)
  const report = { process: 'one', account: id, paths: [], ownPaths: null, begun: 0, slowed: 0, isWanting: false }
  const ledgerOf = async (key: string) => (await ledgerRecord.get(at.store(), key))!
  const spend = async (budget: Budget, subject: string, spent: number) => {
    const key = ledgerId(budget, subject)
    const more = { ...report, spent, led: spent, proofAt: 0, signedInAt: 0 }
    await ledgerRecord.put(at.store(), key, settle(null, budget, more, at.time.read()).ledger, 3600)
    return async () => readLedger(await ledgerOf(key), budget, at.time.read()).mode
  }
  const [theft, asks] = budgets
  const modes = [await spend(theft!, id, 350), await spend(asks!, 'S', 11), await spend(theft!, 'another', 101)]
  const all = () => Promise.all(modes.map(mode => mode()))
  t.match((await at('user', 'resume', 'ada')).stderr, /the watch has stopped ada \(budget .*\); say why/)
  t.same(await all(), ['cut', 'hold', 'cut'])
  t.equal((await at('user', 'resume', 'ada', '--why', 'a page of another site')).code, 0)
  t.same(await all(), ['within', 'within', 'cut'], 'the budgets of others stay as they are')
  t.equal((await ledgerOf(ledgerId(asks!, 'S'))).askedAt, null, 'no proof is needed')
  t.match(at.journal().at(-1), { outcome: 'budget_lifted', account: id, why: 'a page of another site', by: 'terminal' })

  await spend(theft!, id, 350)
  const accounts = new Accounts({ store: at.store(), clock: at.time.read })
  await accounts.suspend(id, 'Away.')
  t.match((await at('user', 'resume', 'ada')).stderr, /stopped ada \(budget theft\); say why/)
  t.match((await accounts.byId(id))?.suspended, { why: 'Away.' }, 'without a reason nothing is lifted')
  t.equal((await at('user', 'resume', 'ada', '--why', 'both were wrong')).code, 0)
  t.equal((await accounts.byId(id))?.suspended, null)
  t.same(await all(), ['within', 'within', 'cut'], 'one command lifts the suspension and the budget')
  const words = at.journal().slice(-2)
  t.match(words, [
    { outcome: 'resumed', why: 'both were wrong' },
    { outcome: 'budget_lifted', budget: 'theft', why: 'both were wrong' }
  ])

  for (const [budget, subject, spent] of [
    [theft!, id, 350],
    [asks!, 'S', 11]
  ] as const)
    await spend(budget, subject, spent)
  const lifting = await liftingOf(loaded.config, at.store(), at.time.read)
  const told: object[] = []
  const people = new People({ record: async (line: object) => told.push(line) } as never)
  const { store } = lifting
  const { replace } = store
  let calls = 0
  store.replace = (...given) =>
    ++calls === 1 ? replace.apply(store, given) : Promise.reject(new StoreUnreachable('gone'))
  const account = (await accounts.byId(id))!
  await t.rejects(people.liftBudgets(account, lifting, 'x'), StoreUnreachable)
  store.replace = replace
  t.match(
    told,
    [{ outcome: 'budget_lifted', account: id, budget: /^(theft|asks)$/, why: 'x' }],
    'what is lifted is recorded'
  )
})

t.test('after a decoy two operators lift the suspension and the budget, each by one word', async t => {
  const config = `${usualConfig}watch: { resume: { afterDecoy: two-operators }, budgets: [{ id: theft, per: person, window: 24h, requests: 100, then: [cut] }] }\n`
  const env: Record<string, string> = { SUDO_USER: 'ops-one' }
  const at = terminal(t, { config, env })
  await at.newKey()
  await at.ok('user', 'add', 'ada')
  const accounts = new Accounts({ store: at.store(), clock: at.time.read })
  const { id } = (await accounts.byName('ada'))!
  const loaded = parseConfig(config, 'factorgate.yaml')
  if (loaded.kind !== 'ok') throw new Error('the configuration has problems')
  const [theft] = (await liftingOf(loaded.config, at.store(), at.time.read)).budgets
  const key = ledgerId(theft!, id)
  const spent = { process: 'one', account: id, spent: 101, paths: [], led: 0, ownPaths: null, begun: 0, slowed: 0 }
  const { ledger } = settle(null, theft!, { ...spent, isWanting: false, proofAt: 0, signedInAt: 0 }, at.time.read())
  await ledgerRecord.put(at.store(), key, ledger, 3600)
  await accounts.suspend(id, 'A decoy was touched.', { cause: 'decoy' })
  const now = async () => ({
    isSuspended: (await accounts.byId(id))?.suspended !== null,
    mode: readLedger((await ledgerRecord.get(at.store(), key))!, theft!, at.time.read()).mode
  })
  const resume = () => at('user', 'resume', 'ada', '--why', 'a scanner of ours')
  const before = at.journal().length

  t.match(await resume(), { code: 0, stderr: /the wish is kept/ })
  t.same(await now(), { isSuspended: true, mode: 'cut' }, 'one word lifts neither')
  t.equal((await resume()).code, 1)
  t.same(await now(), { isSuspended: true, mode: 'cut' }, 'nor does the same one twice')
  env.SUDO_USER = 'ops-two'
  t.match(await resume(), { code: 0, stderr: /ada can sign in again\n.*room for one more: theft/ })
  t.same(await now(), { isSuspended: false, mode: 'within' })
  const line = { kind: 'user.change', account: id, name: 'ada', why: 'a scanner of ours', by: 'terminal' }
  t.match(at.journal().slice(before), [
    { ...line, outcome: 'resume_asked', operator: 'ops-one' },
    { ...line, outcome: 'resumed', cause: 'decoy', operator: 'ops-two' },
    { ...line, outcome: 'budget_lifted', budget: 'theft', operator: 'ops-two' }
  ])
  t.equal(at.journal().length, before + 3, 'each step has one line')
})
