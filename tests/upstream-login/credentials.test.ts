/** The header value that is made of a typed login (RFC 7617), and what is refused. */
import t from 'tap'
import { basicAuthorization } from '../../src/upstream-login/credentials.ts'

const of = (user: string, password: string) => {
  const made = basicAuthorization({ user, password })
  return 'wrong' in made ? `wrong ${made.wrong}` : Buffer.from(made.authorization.slice(6), 'base64').toString()
}

const rows: readonly (readonly [string, string, string, string])[] = [
  ['the example of RFC 7617 §2', 'Aladdin', 'open sesame', 'Aladdin:open sesame'],
  ['colons and blanks in a password', 'a', ' b:c: ', 'a: b:c: '],
  ['an empty password', 'instrument', '', 'instrument:'],
  ['UTF-8 (RFC 7617 §2.1)', 'test', '123£', 'test:123£'],
  ['letters in two parts are sent in composed form', 'Zoe\u0308', 'e\u0301', 'Zo\u00eb:\u00e9'],
  ['an astral character', 'a', '🔑', 'a:🔑'],
  ['no user name', '', 'x', 'wrong user'],
  ['a colon in a user name', 'a:b', 'x', 'wrong user'],
  ['a line end in a user name', 'a\r\nX: y', 'x', 'wrong user'],
  ['NUL in a password', 'a', 'b\0c', 'wrong password'],
  ['a control character of Latin-1', 'a', 'b\u0085', 'wrong password'],
  ['half a character', 'a', '\ud83d', 'wrong password'],
  ['bytes that were no UTF-8', 'a\ufffd', 'x', 'wrong user'],
  ['a user name of 256 bytes', 'é'.repeat(128), 'x', `${'é'.repeat(128)}:x`],
  ['a user name of 257 bytes', `${'é'.repeat(128)}a`, 'x', 'wrong user'],
  ['a password of 1,024 bytes', 'a', 'é'.repeat(512), `a:${'é'.repeat(512)}`],
  ['a password of 1,025 bytes', 'a', `${'é'.repeat(512)}a`, 'wrong password']
]

t.test('what people type', async t => {
  for (const [sentence, user, password, expected] of rows) t.equal(of(user, password), expected, sentence)
})

t.test('the value is the one of the RFC', async t => {
  t.same(basicAuthorization({ user: 'Aladdin', password: 'open sesame' }), {
    authorization: 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=='
  })
})
