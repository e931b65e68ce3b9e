/** `factorgate user resume`: ordinary suspensions, those of the watch, and two operators after a decoy. */
import t from 'tap'
import { Accounts } from '../../src/identity/accounts.ts'
import type { SuspensionCause } from '../../src/identity/suspension.ts'
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
  t.equal((await at('user', 'suspend', 'ada', '--why', 'not yet')).code, 0)
  t.match(await decoy(), { cause: 'decoy', why: 'not yet' }, 'a new reason makes it no ordinary one')
})
