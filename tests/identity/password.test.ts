/** Passwords: which are refused and why, what a hash costs, and how many run at once. */
import { parseOptions, verify } from '@node-rs/argon2'
import t from 'tap'
import { isCommonPassword } from '../../src/identity/password/blocklist.ts'
import { commonPasswords } from '../../src/identity/password/common-passwords.ts'
import { HashProcesses } from '../../src/identity/password/hash-processes.ts'
import { type Hashing, PasswordHasher, passwordProblem } from '../../src/identity/password/password.ts'
import { cheap } from '../fixtures/in-process/passwords.ts'

t.test('the rules of NIST SP 800-63B-4', async t => {
  const rows: [string, string, ReturnType<typeof passwordProblem>][] = [
    ['seven characters', 'k7#qLp2', 'too_short'],
    ['eight characters', 'k7#qLp2x', null],
    ['seven characters of two bytes', 'éàüöäßø', 'too_short'],
    ['four characters of four bytes', '🔑🚪🪟🧱', 'too_short'],
    ['nothing', '', 'too_short'],
    ['64 characters', 'a long sentence about horses, batteries, staples and other things', null],
    ['1,024 bytes', `${'kx7 '.repeat(255)}abcd`, null],
    ['1,025 bytes', `${'kx7 '.repeat(255)}abcde`, 'too_long'],
    ['1,024 characters of two bytes', 'éa'.repeat(512), 'too_long'],
    ['a megabyte', 'x1'.repeat(500_000), 'too_long'],
    ['only lower case', 'quietly rowing upstream', null],
    ['only digits', '4815926037', null],
    ['blanks', '        ', 'too_common'],
    ['every script', 'пароль для работы', null],
    ['the commonest', 'password', 'too_common'],
    ['the commonest, in other letters', 'PassWord', 'too_common'],
    ['the commonest, full width', 'ｐａｓｓｗｏｒｄ', 'too_common'],
    ['a row of keys', 'qwertyuiop', 'too_common'],
    ['a row of digits', '123456789', 'too_common'],
    ['a row of digits backwards', '987654321', 'too_common'],
    ['a row of letters', 'abcdefghij', 'too_common'],
    ['one letter over and over', 'zzzzzzzzzzzz', 'too_common'],
    ['a few letters over and over', 'abcabcabcabc', 'too_common'],
    ['a few digits over and over', '12341234', 'too_common'],
    ['the name', 'alice.doe', 'is_name'],
    ['the name in other letters, with a year', 'AliceDoe-2026!', 'is_name'],
    ['the name twice', 'alicealice', 'is_name'],
    ['the e-mail address', 'a.doe@lab.example', 'is_name'],
    ['the place', 'Example Lab 1', 'is_name'],
    ['the product', 'factorgate', 'is_name'],
    ['a sentence with the name in it', 'alice likes rowing upstream', null]
  ]
  const names = ['alice.doe', 'Alice Doe', 'a.doe@lab.example', 'Example Lab', 'factorgate']
  for (const [name, password, expected] of rows) t.equal(passwordProblem(password, names), expected, name)
  t.equal(passwordProblem('alicedoe99', []), null, 'without names it is a word like any other')
  t.equal(passwordProblem('to be or not', ['to', 'x', '']), null, 'names of one or two letters stop nobody')
})

t.test('the list is long, clean, and asked whatever the letter case', async t => {
  const list = commonPasswords.trim().split(/\s+/)
  t.ok(list.length >= 3000)
  t.equal(new Set(list).size, list.length)
  t.same(
    list.filter(word => word.length < 8 || word !== word.toLowerCase()),
    []
  )
  t.same(
    list.filter(word => !isCommonPassword(word)),
    []
  )
  t.same(
    list.slice(0, 500).filter(word => passwordProblem(word.toUpperCase(), []) !== 'too_common'),
    []
  )
})

t.test('near relatives of a common password are refused: a year, a sign, stand-ins for letters', async t => {
  const relatives =
    'Password1 Password1! P@ssw0rd P@ssw0rd1 P@$$w0rd! Passwort1 Passwort2026! Sommer2026 Summer2025! $ummer2025 November2026 ' +
    'Welcome1 welcome123 qwerty12 qwertz123 Qwertz2026! azerty123 Admin123 Football1 monkey12 test1234 T3st1234 pass1234 ' +
    'passw0rd hello123 He11o123 dragon123 Dr4g0n!! sunshine1 princess1 secret123 michael1 superman1 batman123 hallo123 ' +
    'schatz123 Geheim2026 123456Passwort !Password! frühling26 Montag2026'
  for (const word of relatives.split(' ')) t.equal(passwordProblem(word, []), 'too_common', word)
  const others =
    'sommer im botanischen garten|quietly rowing upstream|correct horse battery|marchhare teaparty|Kx7#qLp2|monkey48291537|' +
    'test4815926037|another battery staple|Winterreise D 911|augustiner kloster'
  for (const word of others.split('|')) t.equal(passwordProblem(word, []), null, word)
})

t.test('a hash is argon2id at the costs of OWASP, salted', async t => {
  const hasher = new PasswordHasher()
  const [one, two] = await Promise.all([hasher.hash('correct horse'), hasher.hash('correct horse')])
  t.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  t.match(parseOptions(one), { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32, saltLen: 16 })
  t.not(one, two)
  t.equal(await hasher.verify(one, 'correct horse'), true)
  t.equal(await hasher.verify(one, 'correct horsE'), false)
  t.notOk(hasher.isOutdated(one))
  t.ok(new PasswordHasher({ cost: cheap }).isOutdated(one))
})

t.test('the whole password counts, in one normal form', async t => {
  const hasher = new PasswordHasher({ cost: cheap })
  const long = 'x7'.repeat(300)
  const hash = await hasher.hash(long)
  t.equal(await hasher.verify(hash, long.slice(0, -1)), false)
  t.equal(await hasher.verify(hash, `${long}x`), false)
  t.equal(await hasher.verify(await hasher.hash('cafe\u0301 noir'), 'café noir'), true, 'typed on another keyboard')
  t.equal(await hasher.verify(await hasher.hash('null\u0000byte1'), 'null\u0000byte2'), false)
})

t.test('M14: without a hash the same work is done, and no password fits', async t => {
  const asked: string[] = []
  const real = new HashProcesses({})
  t.teardown(() => real.close())
  const hashing: Hashing = {
    hash: (text, options) => real.hash(text, options),
    verify(hashed, text) {
      asked.push(hashed)
      return real.verify(hashed, text)
    },
    close: () => real.close()
  }
  for (const cost of [undefined, cheap]) {
    const hasher = new PasswordHasher({ hashing, ...(cost === undefined ? {} : { cost }) })
    const hash = await hasher.hash('correct horse')
    for (const hashed of [hash, null]) t.equal(await hasher.verify(hashed, 'wrong horse'), false)
    const [known, dummy] = asked.splice(0)
    t.equal(known, hash)
    t.same(parseOptions(dummy!), parseOptions(hash), 'a hash of the same kind, cost and size is computed')
    t.equal(await verify(dummy!, 'wrong horse'), false, 'and the driver does not refuse its form')
  }
  const none = new PasswordHasher({ hashing: { ...hashing, verify: async () => true } })
  t.equal(await none.verify(null, 'correct horse'), false, 'not even one that the driver takes for right')
})

t.test('D7: of 200 at once two run, 32 wait, and the rest hear that it is busy', async t => {
  const hasher = new PasswordHasher({ cost: cheap })
  const hash = await hasher.hash('correct horse')
  const verdicts = await Promise.all(Array.from({ length: 200 }, () => hasher.verify(hash, 'correct horse')))
  t.equal(verdicts.filter(verdict => verdict === true).length, 34)
  t.equal(verdicts.filter(verdict => verdict === 'busy').length, 166)
  t.equal(await hasher.verify(hash, 'correct horse'), true, 'and then there is room again')
  const full = new PasswordHasher({ cost: cheap, concurrency: 1, queue: 0 })
  const outcomes = await Promise.allSettled([full.hash('correct horse'), full.hash('correct horse')])
  t.match(outcomes, [{ status: 'fulfilled' }, { status: 'rejected', reason: { name: 'GateError', code: 'busy' } }])
})

t.test('D7: a place in the line is given back when the work fails', async t => {
  const hasher = new PasswordHasher({ cost: cheap, concurrency: 1, queue: 0 })
  for (let i = 0; i < 3; i++) await t.rejects(hasher.verify('$argon2id$v=19$m=8$broken', 'correct horse'))
  t.equal(await hasher.verify(await hasher.hash('correct horse'), 'correct horse'), true)
})

t.test('D7: what is too long is refused before any work, hash or none', async t => {
  // Whatever would be hashed finds no place here.
  const hasher = new PasswordHasher({ cost: cheap, concurrency: 1, queue: 0 })
  const hashing = hasher.hash('correct horse')
  t.equal(await hasher.verify(null, 'correct horse'), 'busy')
  for (const password of ['x'.repeat(1025), 'x'.repeat(1_000_000), 'é'.repeat(513)])
    t.equal(await hasher.verify(null, password), false)
  await hashing
})
