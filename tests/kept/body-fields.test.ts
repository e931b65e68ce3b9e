/** Which fields a body has, in every shape that browsers and scripts send: what is a password is not kept, what may be a secret is not shown. */
import t from 'tap'
import { type BodyType, bodyTypeOf, parametersIn } from '../../src/kept/content.ts'
import { contentsOf } from '../../src/kept/contents.ts'
import { namesIn } from '../../src/kept/field-names.ts'
import { holdsSecret } from '../../src/kept/keepable.ts'
import { costBeside, growth, maxGrowth } from '../fixtures/in-process/growth.ts'
import { longestTurnMs } from '../fixtures/process/cpu-time.ts'

const form = 'application/x-www-form-urlencoded'
const json = 'application/json'
const typed = (type: string) => bodyTypeOf(type) as BodyType
const bytes = (text: string | Buffer) => (typeof text === 'string' ? Buffer.from(text) : text)
const isSecret = (type: string, text: string | Buffer) => holdsSecret(bytes(text), typed(type))
const shown = async (type: string, text: string | Buffer) =>
  (await contentsOf(bytes(text), typed(type))).fields.map(({ name, value }) => `${name}=${value ?? '•••'}`)

t.test('a form that sends names and values apart', async t => {
  for (const [text, expected] of [
    ['0[name]=user&0[value]=a&1[name]=password&1[value]=secret', true],
    ['1%5Bvalue%5D=secret&1%5Bname%5D=pass%77ord', true],
    ['fields.0.key=newPwd&fields.0.value=x', true],
    ['form[fields][2][label]=Mot+de+passe&form[fields][2][values][]=x', true],
    ['name[]=user&name[]=password&value[]=a&value[]=b', true],
    ['name[3]=pin&value[3]=1', true],
    ['name=api_key&value=x&pk=1', true],
    ['0[name]=user&0[value]=password', false],
    ['0[name]=password&1[value]=secret', false],
    ['name=password', false],
    ['name=Notes+on+the+token+ring+of+1985&value=x', false]
  ] as const)
    t.equal(await isSecret(form, text), expected, text)
  t.same(await shown(form, '0[value]=s1&0[name]=state&1[name]=a&1[value]=b'), [
    '0[value]=•••',
    '0[name]=state',
    '1[name]=a',
    '1[value]=b'
  ])
  const late = `0[value]=s1&${Array.from({ length: 20 }, (_, n) => `n${n}=1`).join('&')}&0[name]=auth_code`
  t.equal((await shown(form, late))[0], '0[value]=•••', 'also where the name comes behind all that is shown')
})

interface PartOptions {
  readonly headers: string
  readonly value?: string
}

const boundary = '----WebKitFormBoundary7MA4'
const multipart = (...parts: (PartOptions | string)[]) =>
  `${parts
    .map(part => (typeof part === 'string' ? { headers: part } : part))
    .map(
      ({ headers, value = 'v' }) => `--${boundary}\r\nContent-Disposition: form-data; ${headers}\r\n\r\n${value}\r\n`
    )
    .join('')}--${boundary}--\r\n`
const ofParts = `multipart/form-data; boundary=${boundary}`

t.test('the parts of an upload: only the header of a part counts', async t => {
  const page = '<form><input name="password"><input type="password" name=pin></form>\r\n'
  for (const [title, text, expected, type = ofParts] of [
    ['a file that speaks of passwords', multipart({ headers: 'name="f"; filename="a.html"', value: page }), false],
    ['a text that speaks of passwords', multipart({ headers: 'name="text"', value: page }), false],
    [
      'a header within a file',
      multipart({
        headers: 'name="f"; filename="a"',
        value: 'Content-Disposition: form-data; name="password"\r\n\r\nx'
      }),
      false
    ],
    [
      'another boundary within a file',
      multipart({
        headers: 'name="f"; filename="a"',
        value: '\r\n--x\r\nContent-Disposition: form-data; name="pin"\r\n\r\n1'
      }),
      false
    ],
    ['a file named so', multipart('name="f"; filename="password.txt"'), false],
    ['a field', multipart('name="a"', 'name="password"'), true],
    ['a file in it', multipart('name="password"; filename="a"'), true],
    ['a field without quotes', multipart('name=password'), true],
    ['the name last', multipart('filename="a"; name="pin"'), true],
    ['a name behind a file name with quotes', multipart('filename="a\\"b; c"; name="pin"'), true],
    ['a file name that looks like it', multipart('name="f"; filename="a\\"; name=\\"pin"'), true],
    ['a path of Windows', multipart('filename="C:\\dir\\"; name="pin"'), true],
    ['a quoted file name', multipart('name="f"; filename="%22; name=%22pin"'), false],
    ['an extended name', multipart("name*=UTF-8''pass%77ord"), true],
    ['a name in pieces', multipart('name*0="pass"; name*1="word"'), true],
    ['names twice', multipart('name="a"; name="password"'), true],
    [
      'capitals',
      multipart('name="a"').replace(
        'Content-Disposition: form-data; name="a"',
        'CONTENT-DISPOSITION:form-data;NAME="Passwort"'
      ),
      true
    ],
    ['a folded header', multipart('name="a"').replace('; name="a"', ';\r\n name="password"'), true],
    ['blanks', multipart('name="a"').replace(': form-data; name="a"', ' :  form-data  ;  name  =  "password"'), true],
    ['no word but the name', multipart('name="a"').replace('form-data; name="a"', 'name="password"'), true],
    ['LF', multipart('name="password"').replaceAll('\r\n', '\n'), true],
    ['CR', multipart('name="password"').replaceAll('\r\n', '\r'), true],
    ['LF, harmless', multipart({ headers: 'name="f"; filename="a"', value: page }).replaceAll('\r\n', '\n'), false],
    ['before the first part', `name="password"\r\n${multipart('name="a"')}`, false],
    ['behind the last part', `${multipart('name="a"')}name="password"`, false],
    ['a part behind the end', `${multipart('name="a"')}${multipart('name="password"')}`, true],
    ['blanks behind the boundary', multipart('name="password"').replaceAll(boundary, `${boundary} \t`), true],
    ['an end that is missing', multipart('name="password"').slice(0, -40), true],
    ['only a header', `--${boundary}\r\nContent-Disposition: form-data; name="password"`, true],
    [
      'a boundary in quotes',
      multipart('name="a"').replaceAll(boundary, 'a b'),
      false,
      'multipart/form-data; boundary="a b"'
    ],
    [
      'a boundary in quotes, and a password',
      multipart('name="pin"').replaceAll(boundary, 'a b'),
      true,
      'multipart/form-data; charset=utf-8; BOUNDARY="a b"'
    ],
    ['another boundary than is named', multipart('name="a"'), true, 'multipart/form-data; boundary=other'],
    ['two boundaries', multipart('name="a"'), true, `${ofParts}; boundary=x`],
    ['no boundary', multipart('name="a"'), true, 'multipart/form-data; x=y'],
    ['pairs', multipart({ headers: 'name="0[name]"', value: 'password' }, 'name="0[value]"'), true],
    ['JSON in a part', multipart({ headers: 'name="operations"', value: '{"variables":{"password":"x"}}' }), true],
    [
      'JSON as a file of a script',
      multipart({ headers: 'name="d"; filename="blob"\r\nContent-Type: application/json', value: '{"password":1}' }),
      true
    ],
    [
      'JSON in a file',
      multipart({ headers: 'name="d"; filename="a.json"\r\nContent-Type: application/json', value: '{"password":1}' }),
      false
    ],
    ['a header that does not end', `--${boundary}\r\n${'a: b\r\n'.repeat(5000)}`, true]
  ] as const)
    t.equal(await isSecret(type, text), expected, title)

  t.same(
    await shown(
      ofParts,
      multipart(
        { headers: 'name="a"', value: 'three\r\nwords' },
        { headers: 'name="f"; filename="säge \\"1\\".csv"', value: 'x' },
        { headers: 'name="state"', value: 's1' },
        'name="x%22y"'
      )
    ),
    ['a=three words', 'f=säge "1".csv', 'state=•••', 'x"y=v'],
    'fields with their values, files with their names'
  )
  t.same(await shown(ofParts, multipart({ headers: 'name="a"', value: 'ä'.repeat(900) })), [`a=${'ä'.repeat(120)}…`])
  t.same(
    [...parametersIn(' a="b;c" ; D = e;;f; g="h')],
    [
      ['a', 'b;c'],
      ['d', 'e'],
      ['g', 'h']
    ]
  )
})

t.test('a field in which something else stands', async t => {
  const encoded = encodeURIComponent
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  for (const [title, type, text, expected] of [
    ['JSON', form, `data=${encoded('{"user":{"password":"x"}}')}`, true],
    ['JSON without a secret', form, `data=${encoded('{"text":"password"}')}`, false],
    ['a text in brackets', form, `text=${encoded('[see "password": below]')}`, true],
    ['a text', form, `text=${encoded('my password: x')}`, false],
    ['a nested form', form, `data=${encoded('user=a&pwd=b')}`, true],
    ['an address with a token', form, `next=${encoded('https://x.example/a?token=b')}`, false],
    ['base64', form, `data=${encoded(base64('{"password":1}'))}`, true],
    ['base64 without a secret', form, `data=${base64('{"text":1}')}`, false],
    ['the state of a sign-in', form, `state=${base64('{"token":1}')}&code=1`, false],
    [
      'XML-RPC',
      form,
      `xml=${encoded('<?xml version="1.0"?><methodCall><member><name>password</name></member></methodCall>')}`,
      true
    ],
    ['XML', form, `xml=${encoded('<?xml version="1.0"?><user><pin>1</pin></user>')}`, true],
    ['a page of a wiki', form, `html=${encoded('<p data-token="1">password</p>')}`, false],
    ['GraphQL, variables', json, '{"query":"mutation($p: String){a(b: $p)}","variables":{"password":"x"}}', true],
    ['GraphQL, an argument', json, '{"query":"mutation { login(user: \\"a\\", password: \\"b\\") { id } }"}', true],
    ['GraphQL, an argument in a form', form, `query=${encoded('mutation { login(pwd: "b") { id } }')}`, true],
    ['GraphQL, a question', json, '{"query":"{ user(id: 1) { password name } }"}', false],
    ['JSON in JSON', json, '{"variables":"{\\"password\\":1}"}', true],
    ['JSON in JSON in JSON', json, JSON.stringify({ a: JSON.stringify({ b: JSON.stringify({ password: 1 }) }) }), true],
    ['a notebook', json, JSON.stringify({ cells: [{ source: ['password = {"a": 1}\n', '{"password": 1}'] }] }), false],
    ['pairs, a sentence', json, '{"name":"Notes on the token ring","value":1}', false]
  ] as const)
    t.equal(await isSecret(type, text), expected, title)
  t.same(await shown(form, `a=${encoded('{"access":{"code":"s1"}}')}&b=${encoded('{"n":1}')}`), ['a=•••', 'b={"n":1}'])
  t.same(await shown(json, '{"a":"{\\"code\\":\\"s1\\"}","b":"{}"}'), ['={"a":"•••","b":"{}"}'])
})

t.test('other encodings of letters', async t => {
  const latin = (text: string) => Buffer.from(text, 'latin1')
  const utf16 = Buffer.from('{"pin":1}', 'utf16le')
  for (const [title, type, text, expected] of [
    ['Latin-1, which nobody names', form, 'contrase%F1a=x', true],
    ['the same as bytes', form, latin('contraseña=x'), true],
    ['the same in a part', ofParts, latin(multipart('name="contraseña"')), true],
    ['Latin-2', form, 'has%B3o=x', true],
    ['Shift_JIS', form, '%83p%83X%83%8F%81%5B%83h=x', true],
    ['GB 18030', form, '%C3%DC%C2%EB=x', true],
    ['named', `${form}; charset=ISO-8859-1`, 'contrase%F1a=x', true],
    ['harmless', `${form}; charset=ISO-8859-1`, 'na%EFve=x', false],
    ['UTF-8', `${form};charset="UTF-8"`, 'titel=%C3%A4', false],
    ['one that is no ASCII', `${form}; charset=utf-16`, 'a=1', true],
    ['one that switches', `${form}; charset=iso-2022-jp`, 'a=1', true],
    ['one that nobody knows', `${form}; charset=x-none`, 'a=1', true],
    ['two', `${form}; charset=utf-8; charset=latin1`, 'a=1', true],
    ['the field of browsers', form, '_charset_=windows-1252&contrase%F1a=x', true],
    ['an escape', form, '%1B%24B%25Q=x', true],
    ['JSON in UTF-16', json, utf16, true],
    ['with its mark', json, Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('[1]', 'utf16le')]), true],
    ['JSON in UTF-8 with a mark', json, '\ufeff{"a":1}', false],
    ['names twice', form, 'a=1&a=2&password=&a=3', true]
  ] as const)
    t.equal(await isSecret(type, text), expected, title)
})

t.test('D21: a body of parts, pairs or nested texts that costs much → it is read once, or not kept', async t => {
  const body = (piece: string) => Buffer.from(piece.repeat(Math.ceil((4 * 1024 * 1024) / Buffer.byteLength(piece))))
  const parts = 'multipart/form-data; boundary=b'
  const folded = `\r\n--b\r\nContent-Disposition: form-data;${'\r\n x'.repeat(3_000)}\r\n\r\n`
  for (const [type, piece] of [
    [form, '&a'],
    [form, '='],
    [form, 'name=x&'],
    [form, '0[name]=x&0[value]=y&'],
    [form, 'a={{{{&'],
    [form, 'a=b=c&'],
    [form, 'a=%7B%22b&'],
    [form, '%'],
    [form, '&\xff'],
    [parts, '--b'],
    [parts, '\n--b\n '],
    [parts, '\n--b\r'],
    [parts, folded],
    [parts, `\r\n--b\r\nContent-Disposition: form-data${' ;name="'.repeat(1_500)}`],
    [parts, `\r\n--b\r\nContent-Disposition: form-data${'; name=a'.repeat(1_500)}\r\n\r\n`],
    [parts, `\r\n--b\r\nContent-Disposition: form-data;${' '.repeat(12_000)}\r\n\r\n`],
    [parts, `\r\n--b\r\n${' '.repeat(12_000)}\r\n\r\n`],
    [json, '"a":"{",'],
    [json, '"query":"{a:",'],
    [json, '"a":"\\"'],
    [json, '"a":"{\\"b\\":\\"{'],
    [json, `"a":"${'eyJ'.repeat(9)}",`]
  ] as const)
    t.type(await isSecret(type, body(piece)), 'boolean', `${type} ${JSON.stringify(piece.slice(0, 40))}`)
  t.ok(await isSecret('multipart/form-data; boundary='.concat('a'.repeat(3_000)), body('a')), 'a boundary without end')
  const nested = (depth: number): string => (depth === 0 ? '1' : JSON.stringify({ a: nested(depth - 1) }))
  t.notOk(await isSecret(json, nested(12)), 'texts in texts in texts')
})

t.test('D21: while a large body is looked through → others get their turns', async t => {
  let turns = 0
  const count = () => {
    turns++
    waiting = setImmediate(count)
  }
  let waiting = setImmediate(count)
  await isSecret(json, '"a":"{",'.repeat(1024 * 1024))
  clearImmediate(waiting)
  t.ok(turns > 3, `${turns} turns`)
})

t.test(
  'D21: bodies that cost much in one piece, and many at once → nobody waits long, for the page that shows them neither',
  async t => {
    const most = 4 * 1024 * 1024
    const hyphens = '-'.repeat(70)
    const part = `--${hyphens}\r\nContent-Disposition: form-data; name="a"\r\n\r\n`
    for (const [title, type, text] of [
      [
        'a delimiter of hyphens in a part of hyphens',
        `multipart/form-data; boundary=${hyphens}`,
        part + '-'.repeat(most)
      ],
      ['XML of empty elements', form, `a=<?xml ${'<a x="" '.repeat(most / 8)}`],
      ['delimiters with nothing between them', 'multipart/form-data; boundary=b', '\r--b'.repeat(most / 4)]
    ] as const) {
      const body = Buffer.from(text)
      const longest = await longestTurnMs(async () => {
        if (!(await isSecret(type, body))) await shown(type, body)
      })
      t.ok(longest < 1_000, `${title}: ${Math.round(longest)} ms in one turn`)
    }
    const small = Buffer.from(`a=<?xml ${'<a x="" '.repeat(8_000)}`)
    const many = Array.from({ length: 200 }, () => small)
    const longest = await longestTurnMs(() => Promise.all(many.map(body => isSecret(form, body))))
    t.ok(longest < 600, `200 at once: ${Math.round(longest)} ms in one turn`)
  }
)

t.test('the lines of a plain text, for programs that take U+2028 for an end of a line too', async t => {
  const hidden = 'a=1\u2028password=secret'
  t.equal(await isSecret('text/plain', hidden), true)
  t.notMatch((await shown('text/plain', hidden)).join(), 'secret')
  t.equal(await isSecret('text/plain', 'note=1\u2028a=2'), false)
})

t.test('no body takes time with the square of its length', async t => {
  const cases: Readonly<Record<string, readonly [type: string, part: string, before: string]>> = {
    'ends of lines that are none': ['text/plain', '\u2028', ''],
    'quotes without an end': [json, '"a" ', ''],
    'fields in fields': [form, 'a[b]', ''],
    'elements without an end': [form, '<a ', 'a=<Envelope ']
  }
  for (const [title, [type, part, before]] of Object.entries(cases)) {
    const read = (text: string) => [...namesIn(Buffer.from(text), typed(type))].length
    const ratio = growth(read, size => before + part.repeat(size / part.length), 32_768)
    t.ok(ratio < maxGrowth, `${title}: ${ratio}`)
  }
})

t.test('blanks before a query cost about as much as letters', async t => {
  const size = 1024 * 1024
  for (const [type, before] of [
    [json, '{"query":"'],
    ['multipart/form-data; boundary=b', '--b\r\nContent-Disposition: form-data; name="query"\r\n\r\n']
  ] as const) {
    const read = (part: string) => [...namesIn(Buffer.from(before + part), typed(type))].length
    const cost = costBeside(read, ' '.repeat(size), 'a'.repeat(size))
    t.ok(cost < 40, `${type}: ${cost}`)
  }
})
