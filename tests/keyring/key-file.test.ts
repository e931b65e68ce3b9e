/** The key file: it is made once, closed to others, and never missing during a rotation. Every refusal says how to correct it. */
import { execFileSync } from 'node:child_process'
import { chmod, chown, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from 'tap'
import { addKey, createKeyFile, KeyFileError, readKeyFile, retireOldKeys } from '../../src/keyring/key-file.ts'
import { sealedBy } from '../../src/keyring/keyring.ts'
import { notTried } from '../fixtures/process/not-tried.ts'
import { smallDisk } from '../fixtures/process/small-disk.ts'

const place = (t: Test, name = 'factorgate.key') => path.join(t.testdir({}), name)

/** The KeyFileError that `attempt` rejects with; null for anything else. */
const refusal = (attempt: Promise<unknown>) =>
  attempt.then(
    () => null,
    error => (error instanceof KeyFileError ? error : null)
  )

t.test('a new key file has one key, mode 0600, and comments that say what it is', async t => {
  const file = place(t, 'deep/er/factorgate.key')
  const id = await createKeyFile(file)
  t.equal((await readKeyFile(file)).currentKeyId, id)
  t.equal((await stat(file)).mode & 0o777, 0o600)
  const text = await readFile(file, 'utf8')
  t.match(text, /^# Factorgate key file/)
  t.equal(text.split('\n').filter(row => row.startsWith('key ')).length, 1)
})

t.test('a key file is never written over', async t => {
  const file = place(t)
  await createKeyFile(file)
  const before = await readFile(file, 'utf8')
  t.match(await refusal(createKeyFile(file)), { name: 'KeyFileError', problem: 'exists', message: /never overwritten/ })
  t.equal(await readFile(file, 'utf8'), before)
  const other = path.join(path.dirname(file), 'not-a-key')
  await writeFile(other, 'precious')
  t.match(await refusal(createKeyFile(other)), { problem: 'exists' })
  t.equal(await readFile(other, 'utf8'), 'precious')
})

t.test('a file that others may read is refused, with the command that closes it', async t => {
  const file = place(t)
  await createKeyFile(file)
  for (const mode of [0o604, 0o620, 0o610, 0o644, 0o660, 0o750, 0o777]) {
    await chmod(file, mode)
    t.match(
      await refusal(readKeyFile(file)),
      { problem: 'readable_by_others', message: `chmod 600 ${file}` },
      `refuses mode ${mode.toString(8)}`
    )
    t.match(await refusal(addKey(file)), { problem: 'readable_by_others' })
  }
  await chmod(file, 0o400)
  await t.resolves(readKeyFile(file), 'a file that not even we may write is fine')
})

t.test('a file that cannot be opened is said, with the reason', async t => {
  const file = place(t)
  await createKeyFile(file)
  const loop = path.join(path.dirname(file), 'loop')
  await symlink('loop', loop)
  for (const [unreadable, code] of [
    [path.join(file, 'below'), 'ENOTDIR'],
    [loop, 'ELOOP']
  ] as const)
    for (const attempt of [readKeyFile, addKey] as ((file: string) => Promise<unknown>)[])
      t.match(await refusal(attempt(unreadable)), {
        problem: 'unreadable',
        message: `The key file ${unreadable} cannot be read (${code})`
      })
})

t.test('a missing file is said, with the command that makes one', async t => {
  const file = place(t)
  for (const attempt of [readKeyFile, addKey, retireOldKeys] as ((file: string) => Promise<unknown>)[])
    t.match(await refusal(attempt(file)), { problem: 'missing', message: `factorgate key new ${file}` })
  t.same(await readdir(path.dirname(file)), [], 'and nothing is made in its place')
})

t.test('a damaged file is refused and never quoted', async t => {
  const file = place(t)
  await createKeyFile(file)
  const good = await readFile(file, 'utf8')
  const key = good.split('\n').find(row => row.startsWith('key '))!
  const rows: [string, string][] = [
    ['empty', ''],
    ['only comments', '# nothing here\n'],
    ['a key cut short', key.slice(0, -3)],
    ['one character changed', key.replace(/.(.{9})$/, (all, rest: string) => (all.startsWith('A') ? 'B' : 'A') + rest)],
    ['another word', key.replace('key', 'ssh')],
    ['the same key twice', `${key}\n${key}\n`],
    ['text after the key', `${key} # mine`],
    ['binary', '\u0000\u0001\u0002'],
    ['far too long', `# ${'x'.repeat(100_000)}\n${key}\n`]
  ]
  for (const [name, text] of rows) {
    await writeFile(file, text)
    const error = await refusal(readKeyFile(file))
    t.equal(error?.problem, 'malformed', name)
    t.notOk(error?.message.includes(key.slice(-43, -10)), 'the message holds nothing of the key')
  }
  await writeFile(file, good.replaceAll('\n', '\r\n'))
  await t.resolves(readKeyFile(file), 'line ends of another system are no damage')
})

t.test('what is no file is refused and does not hold the start up', async t => {
  const folder = place(t, 'folder')
  await mkdir(folder, { mode: 0o700 })
  t.match(await refusal(readKeyFile(folder)), { problem: 'malformed' })
  const pipe = place(t, 'pipe')
  execFileSync('mkfifo', ['-m', '600', pipe])
  t.match(await refusal(readKeyFile(pipe)), { problem: 'malformed' })
})

t.test('a file of another user is refused', async t => {
  const file = place(t)
  await createKeyFile(file)
  const realGeteuid = process.geteuid!
  t.teardown(() => {
    process.geteuid = realGeteuid
  })
  const { uid } = await stat(file)
  process.geteuid = () => uid + 1234
  // Root can read everything, so root's own files are not foreign.
  if (uid === 0) {
    await t.resolves(readKeyFile(file))
    await chown(file, 77, 77)
  }
  t.match(await refusal(readKeyFile(file)), {
    problem: 'foreign_owner',
    message: `chown ${uid + 1234} ${file}`
  })
})

t.test('a rotation adds a key in front; retiring leaves it alone', async t => {
  const file = place(t)
  const first = await createKeyFile(file)
  const sealed = (await readKeyFile(file)).seal('secret', 'c')
  const second = await addKey(file)
  const both = await readKeyFile(file)
  t.not(second, first)
  t.equal(both.currentKeyId, second)
  t.equal(both.open(sealed, 'c'), 'secret')
  t.equal(sealedBy(both.seal('x', 'c')), second)
  t.equal((await stat(file)).mode & 0o777, 0o600)
  t.equal(await retireOldKeys(file), second)
  t.equal(both.open(sealed, 'c'), 'secret', 'the ring in use goes on as it was')
  const alone = await readKeyFile(file)
  t.throws(() => alone.open(sealed, 'c'))
  t.equal(alone.currentKeyId, second)
  t.same(await readdir(path.dirname(file)), ['factorgate.key'], 'nothing is left beside it')
})

t.test('two rotations at once lose no key', async t => {
  const file = place(t)
  await createKeyFile(file)
  const outcomes = await Promise.allSettled([addKey(file), addKey(file), addKey(file)])
  const made = outcomes.filter(outcome => outcome.status === 'fulfilled').map(outcome => outcome.value)
  t.ok(made.length >= 1)
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') t.match(outcome.reason, { name: 'KeyFileError', problem: 'exists' })
  const kept = (await readFile(file, 'utf8')).split('\n').flatMap(row => /^key (\S+)/.exec(row)?.[1] ?? [])
  for (const id of made) t.ok(kept.includes(id), 'a key that was answered stands in the file')
  t.equal(kept.length, made.length + 1)
})

t.test('a link to the file stays a link', async t => {
  const file = place(t)
  await createKeyFile(file)
  const link = path.join(path.dirname(file), 'link')
  await symlink(file, link)
  const id = await addKey(link)
  t.equal((await readKeyFile(file)).currentKeyId, id)
  t.equal((await readKeyFile(link)).currentKeyId, id)
})

t.test('a full disk is named as such, and not as a question of owners', async t => {
  const disk = smallDisk(t, '1m')
  if (disk === null) return notTried(t, 'this user cannot mount a disk')
  disk.fill()
  const error = await createKeyFile(path.join(disk.directory, 'factorgate.key')).catch(error => error)
  t.match(error, { problem: 'unwritable', message: /cannot be written \(ENOSPC\)\. The disk is full: free some space/ })
  t.notMatch(error.message, /chown/)
})
