import { existsSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { terminal } from './terminal.ts'

const changes = [
  ['user remove', ['user', 'remove', 'alice'], /removes 'alice'/],
  ['user reset-factors', ['user', 'reset-factors', 'alice'], /second factors of 'alice'/],
  ['session revoke --all', ['session', 'revoke', '--all'], /signs everybody out/],
  ['key rotate', ['key', 'rotate'], /replaces the key/],
  ['store import --force', ['store', 'import', 'backup', '--force'], /deletes everything in the store/]
] as const

t.test('what cannot be undone asks a person at a terminal, and nobody else', async t => {
  for (const [name, argv, question] of changes) {
    const asked: string[] = []
    let answer = 'no'
    const ask = async (text: string) => {
      asked.push(text)
      return answer
    }
    const factorgate = terminal(t, { ask })
    await factorgate.newKey()
    await factorgate.ok('user', 'add', 'alice')
    await factorgate.ok('store', 'export', 'backup')
    const lines = factorgate.journal().length
    for (const no of ['', 'no', 'y', 'yes please']) {
      answer = no
      t.match(await factorgate(...argv), { code: 1, stderr: /^factorgate: nothing was changed$/m }, `${name}: '${no}'`)
    }
    t.equal(asked.length, 4, name)
    t.match(asked[0], question, name)
    t.equal(factorgate.journal().length, lines, `${name}: nothing is in the journal`)
    t.equal((await factorgate(...argv, '--yes')).code, 0, `${name} --yes`)
    t.equal(asked.length, 4, `${name} --yes asks nothing`)
    t.ok(factorgate.journal().length > lines, `${name} --yes does it`)
  }
})

t.test('the answer yes does it', async t => {
  const factorgate = terminal(t, { ask: async () => ' Yes \n' })
  await factorgate.newKey()
  await factorgate.ok('user', 'add', 'alice')
  await factorgate.ok('user', 'remove', 'alice')
  t.equal((await factorgate('user', 'show', 'alice')).code, 1)
})

t.test('without a terminal nothing is asked, as scripts expect', async t => {
  for (const [name, argv] of changes) {
    const factorgate = terminal(t)
    await factorgate.newKey()
    await factorgate.ok('user', 'add', 'alice')
    await factorgate.ok('store', 'export', 'backup')
    t.ok(existsSync(path.join(factorgate.folder, 'backup')))
    t.equal((await factorgate(...argv)).code, 0, name)
  }
})
