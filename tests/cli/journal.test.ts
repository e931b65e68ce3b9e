import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { terminal } from './terminal.ts'

/** A terminal whose journal has a few signed lines. */
async function withJournal(t: Parameters<typeof terminal>[0]) {
  const factorgate = terminal(t)
  await factorgate.newKey()
  for (const name of ['ada', 'bob']) await factorgate.ok('user', 'add', name)
  const file = path.join(factorgate.folder, 'var/journal.jsonl')
  return { factorgate, file, lines: () => readFileSync(file, 'utf8').split(/(?<=\n)/) }
}

t.test('journal verify proves what the command line wrote', async t => {
  const { factorgate, file, lines } = await withJournal(t)
  const count = lines().length
  const whole = await factorgate('journal', 'verify')
  t.match(whole, { code: 0 })
  t.match(whole.stdout, new RegExp(`^The journal is whole: ${count} lines, .* 2 checkpoints\\.\nIts end is ${count}:`))
  t.equal(whole.stderr, '', 'there is nothing to add')
  t.match(JSON.parse(await factorgate.ok('journal', 'verify', '--json')), { ok: true, lines: count, signedTo: count })
  const [, end] = /is (\d+:\w+)/.exec(whole.stdout) ?? []
  t.match(await factorgate('journal', 'verify', '--end', end!), { code: 0 })

  const texts = lines()
  writeFileSync(file, texts.map(text => text.replace('"ada"', '"eve"')).join(''))
  const changed = await factorgate('journal', 'verify')
  t.match(changed, {
    code: 1,
    stdout: /journal\.jsonl:1: line 1 was changed, or the prev of line 2, which was changed too\n$/
  })
  t.notMatch(changed.stderr, /are right/, 'a line is not called wrong and right')
  t.match(JSON.parse((await factorgate('journal', 'verify', '--json')).stdout), {
    ok: false,
    fault: { kind: 'altered', file, line: 1 }
  })
  writeFileSync(file, texts.slice(0, -2).join(''))
  const cut = await factorgate('journal', 'verify')
  t.match(cut, { code: 1, stdout: /are missing after this line; the head file names line/ })
})

t.test('a kind that nobody writes, and a folder in place of a file, are named', async t => {
  const { factorgate, file } = await withJournal(t)
  const find = (kind: string) => factorgate('journal', 'search', '--kind', kind)
  t.match(await find('loginn'), { code: 1, stderr: /no kind 'loginn'; did you mean 'login'\?/ })
  t.match(await find('whatever'), { code: 1, stderr: /the kinds are journal\.begin, .*store\.refused/ })
  t.notMatch((await find('sponsor')).stderr, /note:/, 'the first word of kinds')
  const folder = path.dirname(file)
  for (const command of ['verify', 'search'])
    t.match(await factorgate('journal', command, folder), { code: 1, stderr: `${folder} is not a file` })
})

t.test('journal verify works with the files and the public key alone', async t => {
  const { factorgate, file } = await withJournal(t)
  const key = (await factorgate.ok('journal', 'key')).trim()
  t.match(key, /^[\w-]{43}$/)
  t.match(JSON.parse(await factorgate.ok('journal', 'key', '--json')), [{ publicKey: key }])
  writeFileSync(path.join(factorgate.folder, 'key.txt'), `${key}\n`)
  rmSync(path.join(factorgate.folder, 'var/factorgate.key'))
  rmSync(path.join(factorgate.folder, 'factorgate.yaml'), { force: true })
  for (const given of [key, 'key.txt']) {
    const { code, stderr } = await factorgate('journal', 'verify', '--key', given, file, `${file}.head`)
    t.same([code, stderr], [0, ''], given)
  }
  const alone = await factorgate('journal', 'verify', file)
  t.match(alone, { code: 0, stderr: new RegExp(`no key was given, so the journal vouches for itself with ${key}`) })
  rmSync(`${file}.head`)
  t.match((await factorgate('journal', 'verify', file)).stderr, /nobody can tell whether lines .* were cut off/)
  const other = await factorgate('journal', 'verify', '--key', 'A'.repeat(43), file)
  t.match(other, { code: 1, stdout: /signed with the key .* not the key that was given/ })
})

t.test('journal verify says what is wrong with its arguments', async t => {
  const { factorgate, file } = await withJournal(t)
  for (const args of [['--key', 'nonsense'], ['--key', file], ['--end', '7'], ['--other']]) {
    const { code, stdout } = await factorgate('journal', 'verify', ...args)
    t.same([code, stdout], [2, ''], args.join(' '))
  }
  t.match(await factorgate('journal', 'verify', 'nothing.jsonl'), {
    code: 1,
    stderr: /nothing\.jsonl: there is no such file or folder/
  })
})
