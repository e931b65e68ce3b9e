/** Kept POSTs in the store: what may be kept, the limits, and that one caller alone gets each. */
import t from 'tap'
import { BodyBudget } from '../../src/kept/body-budget.ts'
import { type BodyType, bodyTypeOf } from '../../src/kept/content.ts'
import { contentsOf } from '../../src/kept/contents.ts'
import { KeepTerms } from '../../src/kept/keep-terms.ts'
import { holdsSecret, isForeign, keptHeaders, senderOf } from '../../src/kept/keepable.ts'
import { KeptPosts, keptRecord, keptSeconds, type NewPost } from '../../src/kept/kept-posts.ts'
import { isHiddenName, isSecretName } from '../../src/kept/secret-names.ts'
import { StrangerRoom } from '../../src/kept/stranger-room.ts'
import { makeKeyring, newMasterKey } from '../../src/keyring/keyring.ts'
import { StoreUnreachable } from '../../src/store/store.ts'
import { isDeep } from '../fixtures/in-process/cases.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'

const origin = 'https://app.example'
const form = 'application/x-www-form-urlencoded'
const types = { form, multipart: 'multipart/form-data; boundary=b', json: 'application/json', text: 'text/plain' }
const typeOf = (content: keyof typeof types) => bodyTypeOf(types[content]) as BodyType

function opened() {
  const time = new TestClock(1_000_000)
  const store = new MemoryStore(time.read)
  const keyring = makeKeyring([newMasterKey()])
  const posts = new KeptPosts({ store, clock: time.read, keyring: () => keyring })
  return { time, store, posts, keyring }
}

const post = (more: Partial<NewPost> = {}): NewPost => ({
  account: 'ada',
  app: 'own',
  method: 'POST',
  url: `${origin}/x`,
  sender: 'page',
  foreign: null,
  back: `${origin}/`,
  headers: ['Content-Type', form],
  reference: 'r',
  address: '192.0.2.1',
  ...more
})

t.test(
  'R22 · a POST is taken twice, or read in a copy of the store → one caller gets it, and the copy and the key file show nothing',
  async t => {
    const { posts, store, keyring, time } = opened()
    const body = Buffer.alloc(900_000, 'private words ')
    const kept = await posts.keep(post(), body)
    const { id, secret } = kept as NonNullable<typeof kept>
    const parts: string[] = []
    for await (const { key, value } of store.scan('kept-part:')) {
      t.notMatch(value, 'private')
      t.throws(() => keyring.open(value, key), 'without the cookie of the browser')
      parts.push(key)
    }
    t.equal(parts.length, 3)
    t.equal(await posts.open(id, `${secret.slice(1)}A`, 'ada'), null, 'another browser')
    t.equal(await posts.open(id, secret, 'bob'), null, 'another person')
    const waiting = await posts.open(id, secret, 'ada')
    t.ok(waiting?.body.equals(body))
    const { post: own } = waiting as NonNullable<typeof waiting>
    const taken = await Promise.all(['a', 'b', 'c'].map(by => posts.take(own, by)))
    t.equal(taken.filter(Boolean).length, 1)
    t.equal(await posts.open(id, secret, 'ada'), null)
    const by = ['a', 'b', 'c'][taken.indexOf(true)] as string
    t.equal(
      await posts.putBack(own, 'another request'),
      false,
      'only the one who sends it knows that the app has not got it'
    )
    t.equal(await posts.open(id, secret, 'ada'), null)
    t.equal(await posts.putBack(own, by), true)
    t.ok((await posts.open(id, secret, 'ada'))?.body.equals(body), 'the app was down, so it waits again')
    await posts.take(own, by)
    time.advance(keptSeconds)
    t.equal(await posts.putBack(own, by), false, 'when its time is over, it waits no more')
    for await (const { key } of store.scan('kept')) t.fail(`${key} is left`)
    t.same(await store.members('kept-posts'), [])
  }
)

t.test('a record of before other methods were kept is a POST, and one with an unknown method is none', t => {
  const { address: _, ...facts } = post({ method: 'PUT', sender: 'script' })
  const record = { ...facts, id: 'i', secret: 's', bytes: 3, until: 1 }
  const methodOf = (method: string | undefined) => keptRecord.parse(JSON.stringify({ v: 1, ...record, method }))?.method
  t.equal(methodOf('PUT'), 'PUT')
  t.equal(methodOf(undefined), 'POST')
  t.equal(methodOf('DELETE'), undefined)
  t.end()
})

t.test('each share has its limit', async t => {
  const { posts, time } = opened()
  const mebibyte = Buffer.alloc(1024 * 1024)
  const find = async ({ id, secret }: { id: string; secret: string }) => (await posts.find(id, secret)) !== null
  const of = async (more: Partial<NewPost>, body = mebibyte) => {
    time.advance(1)
    return posts.keep(post(more), body)
  }
  const ada = [await of({}, Buffer.alloc(7_000_000)), await of({}), await of({})]
  t.same(
    await Promise.all(ada.map(one => find(one as NonNullable<typeof one>))),
    [false, true, true],
    'the newest stay'
  )
  t.ok(await of({ sender: 'script' }), 'scripts have a share of their own')
  const work = [await of({ account: 'eve' }), await of({ account: 'eve', sender: 'script' })]
  let led = 0
  for (let n = 0; n < 30; n++)
    if ((await of({ account: 'eve', foreign: 'https://other.example' }, Buffer.alloc(9))) !== null) led++
  t.equal(led, 20, 'forms of other sites have a share of their own')
  t.same(
    await Promise.all(work.map(one => find(one as NonNullable<typeof one>))),
    [true, true],
    'and push out nothing that was typed into a page of the app'
  )
  t.ok(await of({ account: 'eve' }), 'nor is there less of it in a minute')
  time.advance(keptSeconds)
  const unknown = { account: null, foreign: 'https://idp.example' }
  const from = (address: string, body = mebibyte) => of({ ...unknown, address }, body)
  const small = Buffer.alloc(64 * 1024)
  for (let n = 0; n < 8; n++) t.ok(await from(`2001:db8::${n}`), `stranger ${n}`)
  t.equal(await from('2001:db8::9'), null, 'a household has a share')
  for (let n = 0; n < 4; n++) t.ok(await from(`2001:db8:${n + 1}::1`), `its neighbour ${n}`)
  t.equal(await from('2001:db8:9::1'), null, 'and so has its provider')
  const first = await from('192.0.2.1')
  for (let n = 2; n < 5; n++) t.ok(await from(`192.0.2.${n}`))
  t.ok(await from('198.51.100.1'), 'when all is full, the provider that holds most gives way')
  t.ok(await find(first as NonNullable<typeof first>), 'and nobody else')
  let smallOnes = 0
  for (let n = 0; n < 80; n++) if ((await from(`2001:db8:${n}::1`, small)) !== null) smallOnes++
  t.equal(smallOnes, 64, 'small ones have a part of their own, with the same shares')
  let tiny = 0
  for (let n = 0; n < 520; n++) if ((await from('203.0.113.1', Buffer.alloc(1))) !== null) tiny++
  t.equal(tiny, 512, 'each takes the room of its headers')
  t.ok(await of({ account: 'bob' }), 'they take nothing from people who are known')
  let all = 0
  for (let n = 0; n < 70; n++) if ((await of({ account: `p${n}` })) !== null) all++
  t.equal(all, 63, 'all together')
  time.advance(keptSeconds)
  const foreign = { foreign: 'https://other.example' }
  const led64 = []
  for (let n = 0; n < 64; n++) led64.push(await of({ account: `p${n}`, ...foreign }))
  t.equal(await of({ account: 'p64', ...foreign }), null, 'other sites fill at most what is there')
  t.ok(await of({ account: 'ada' }), 'and give way')
  t.equal(await find(led64[0] as NonNullable<(typeof led64)[0]>), false)
  t.ok(await find(led64[1] as NonNullable<(typeof led64)[0]>))
  time.advance(keptSeconds)
  t.ok(await of({ account: 'late' }), 'after their time the room is free again')
  let scripts = 0
  for (let n = 0; n < 40; n++)
    if ((await of({ account: 'loop', sender: 'script' }, Buffer.alloc(9))) !== null) scripts++
  t.ok(scripts >= 20 && scripts < 40, 'a script that tries for ever')
})

t.test('bodies that are being read: whoever is slow or many takes nothing from others', async t => {
  const mebibyte = 1024 * 1024
  const stranger = (address: string) => ({ account: null, address })
  const start = (budget: BodyBudget, sender: Parameters<BodyBudget['open']>[0], length = mebibyte) => {
    const reading = budget.open(sender, length)
    const state = { reading, isCut: false }
    reading.onCut = () => {
      state.isCut = true
    }
    return state
  }

  await t.test('what is announced and does not come takes no room', async t => {
    const budget = new BodyBudget()
    for (let n = 0; n < 1000; n++) t.ok(start(budget, stranger('192.0.2.1')).reading.take(16))
    t.ok(start(budget, stranger('192.0.2.1')).reading.take(mebibyte))
  })

  for (const [title, addresses, most] of [
    ['one address', ['192.0.2.1'], 8],
    ['a household', ['2001:db8::1', '2001:db8::2'], 8],
    ['a provider', ['192.0.2.1', '192.0.2.2', '192.0.2.3'], 12]
  ] as const)
    await t.test(`${title} has a share`, async t => {
      const budget = new BodyBudget()
      const readings = Array.from({ length: 20 }, (_, n) =>
        start(budget, stranger(addresses[n % addresses.length] as string))
      )
      const taken = readings.filter(({ reading }) => {
        const hasRoom = reading.take(mebibyte)
        if (!hasRoom) reading.end()
        return hasRoom
      })
      t.equal(taken.length, most)
      t.ok(start(budget, stranger('192.0.2.1'), 1000).reading.take(1000), 'small bodies have a part of their own')
      taken[0]?.reading.end()
      t.ok(start(budget, stranger(addresses[0])).reading.take(mebibyte), 'what has ended is free again')
    })

  await t.test('when all is full, whoever holds most gives way', async t => {
    const budget = new BodyBudget()
    const many = Array.from({ length: 16 }, (_, n) => start(budget, stranger(n < 9 ? `192.0.2.${n}` : '198.51.100.1')))
    for (const { reading } of many) t.ok(reading.take(mebibyte))
    t.ok(start(budget, stranger('203.0.113.1')).reading.take(mebibyte))
    t.same(
      many.map(({ isCut }, n) => (isCut ? n : null)).filter(n => n !== null),
      [0]
    )
    t.notOk(start(budget, stranger('192.0.2.77')).reading.take(mebibyte), 'and takes nothing from those who hold less')
    t.equal(many.filter(({ isCut }) => isCut).length, 1)
  })

  await t.test('people who are known have room, and each a share', async t => {
    const budget = new BodyBudget()
    for (let n = 0; n < 99; n++) start(budget, stranger(`192.0.${n}.1`)).reading.take(mebibyte)
    const ada = { account: 'ada', address: '192.0.2.1' }
    for (let n = 0; n < 16; n++) t.ok(start(budget, ada).reading.take(mebibyte))
    const late = start(budget, ada).reading
    t.notOk(late.take(1))
    late.end()
    t.ok(start(budget, { ...ada, account: 'bob' }).reading.take(mebibyte))
  })
})

const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const script = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'same-origin' }

t.test('which requests can be kept', async t => {
  for (const [title, expected, headers, method = 'POST'] of [
    ['a form', 'page', { ...navigation, 'content-type': form }],
    ['a form of an old browser', 'page', { accept: 'text/html', 'user-agent': 'Mozilla/5.0', 'content-type': form }],
    ['an upload', 'page', { ...navigation, 'content-type': 'multipart/form-data; boundary=x' }],
    ['a form in a frame', null, { ...navigation, 'sec-fetch-dest': 'iframe', 'content-type': form }],
    [
      'a form in a frame of the same site',
      'page',
      { ...navigation, 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'same-origin', 'content-type': form }
    ],
    ['a PUT of a page', null, { ...navigation, 'content-type': form }, 'PUT'],
    ['a PUT of a script', 'script', { ...script, 'content-type': 'application/json' }, 'PUT'],
    ['a PATCH of a script', 'script', { ...script, 'content-type': 'application/merge-patch+json' }, 'PATCH'],
    ['a DELETE of a script', null, { ...script, 'content-type': 'application/json' }, 'DELETE'],
    ['no type', null, navigation],
    ['bytes', null, { ...navigation, 'content-type': 'application/octet-stream' }],
    ['a coded body', null, { ...navigation, 'content-type': form, 'content-encoding': 'gzip' }],
    ['JSON of a script', 'script', { ...script, 'content-type': 'application/vnd.api+json; charset=utf-8' }],
    [
      'JSON of a script that presents a key',
      null,
      { ...script, 'content-type': 'application/json', authorization: 'x' }
    ],
    [
      'JSON of a script of another site',
      null,
      { ...script, 'sec-fetch-site': 'cross-site', 'content-type': 'application/json' }
    ],
    ['JSON of curl', null, { accept: '*/*', 'user-agent': 'curl/8', 'content-type': 'application/json' }]
  ] as const)
    t.equal(senderOf({ method, headers }, origin), expected, title)
})

t.test('who finds no room takes nobody’s age away', async t => {
  const mebibyte = 1024 * 1024
  const room = new StrangerRoom<string>()
  const add = (item: string, address: string) => room.add(item, address, 8 * mebibyte)
  for (const [item, address, mebibytes] of [
    ['a1', '10.1.0.1', 1],
    ['a2', '10.1.0.1', 6],
    ['b', '20.1.0.1', 5],
    ['c', '30.1.0.1', 4]
  ] as const) {
    add(item, address)
    t.same(room.take(item, mebibytes * mebibyte), [])
  }
  add('large', '40.1.0.1')
  t.equal(room.take('large', 6.5 * mebibyte), null, 'the heaviest would not be enough')
  room.remove('large')
  add('new', '50.1.0.1')
  t.same(room.take('new', mebibyte), ['a1'], 'the oldest of the heaviest gives way, as before')
  t.same(room.take('new', mebibyte), ['a2'])
})

t.test('which of them come from another site', async t => {
  for (const [expected, headers] of [
    [false, { 'sec-fetch-site': 'same-origin', origin }],
    [true, { 'sec-fetch-site': 'same-site', origin: 'https://b.example' }],
    [true, { 'sec-fetch-site': 'cross-site' }],
    [true, { origin: 'null' }],
    [false, { origin }],
    [false, { referer: `${origin}/page` }],
    [true, { referer: 'https://app.example.evil/page' }],
    [true, {}]
  ] as const)
    t.equal(isForeign(headers, origin), expected, JSON.stringify(headers))
})

t.test('headers by which apps know the requests of their own pages are kept, under any name that says so', async t => {
  const tokens = ['X-CSRFToken', 'X-pgA-CSRFToken', 'X-LABKEY-CSRF', 'kbn-xsrf', 'CSRFPreventionToken', 'X-XSRF-TOKEN']
  const others = ['requesttoken', 'OCS-APIRequest', 'RequestVerificationToken', 'Jenkins-Crumb', 'X-Roundcube-Request']
  const headers = [...tokens, ...others].flatMap(name => [name, 'x'])
  t.same(keptHeaders([...headers, 'X-Auth-Token', 'x', 'Girder-Token', 'x']), headers)
})

t.test('no credential is kept', async t => {
  const headers = ['Cookie', 'a=b', 'Authorization', 'x', 'X-API-Key', 'x', 'content-type', form, 'Origin', origin]
  t.same(keptHeaders(headers), ['content-type', form, 'Origin', origin])
  const multipart = (name: string) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\nv\r\n--b--\r\n`
  for (const [content, text, expected] of [
    ['form', 'user=a&password=b', true],
    ['form', 'new%50assword=b', true],
    ['form', 'text=my+password+is+long', false],
    ['multipart', multipart('passwd'), true],
    ['multipart', multipart('title'), false],
    ['json', '{"a":{"newPassword":"x"}}', true],
    ['json', '{"text":"password"}', false],
    ['json', '{"\\u0070in":1}', true],
    ['form', 'contrase%C3%B1a=x', true],
    ['multipart', multipart('パスワード'), true],
    ['multipart', multipart('x').replace('"x"', 'pin'), true],
    ['json', '{"a" \n : "x", "b\\"" : {"pass\\u0077ord"\t:1}}', true],
    ['json', '{"a":"{\\"password\\":1}"}', true],
    ['json', `{'it"s': 1, "password": 2}`, true],
    ['json', '{"a":"not closed, "password', false],
    ['json', '[{"name":"user","value":"a"},{"name":"password","value":"b"}]', true],
    ['json', '{"form":{"fields":[{"value":{"a":["b"]},"type":"x","Key":"newPwd"}]}}', true],
    ['json', '{"name":"pass\\u0077ord","value":"b"', true],
    ['json', '{"name":"password"}', false],
    ['json', '{"name":"a","value":"password"}', false],
    ['json', '{"name":"password","items":[{"value":1}]}', false],
    ['json', `${'['.repeat(500)}1`, true],
    ['json', `${'['.repeat(100)}1`, false],
    ['form', '&&password', true],
    ['text', 'pwd=1\r\n', true],
    ['text', 'title=a\r\nmy password\r\n', false]
  ] as const)
    t.equal(await holdsSecret(Buffer.from(text), typeOf(content)), expected, `${content} ${JSON.stringify(text)}`)
})

t.test(
  'D21 · a body that costs much to look through → it is read once, and not kept where there is too much to tell',
  async t => {
    const length = (isDeep ? 8 : 2) * 1024 * 1024
    const body = (piece: string) => Buffer.from(piece.repeat(Math.ceil(length / Buffer.byteLength(piece))))
    // With a second reading for each quote, the first of these would take hours.
    for (const [title, content, text, expected] of [
      ['escaped quotes', 'json', body('\\"'), false],
      ['quotes and blanks', 'json', body('" '), false],
      ['the same names again and again', 'json', body('"a":1,'), false],
      ['the same fields again and again', 'form', body('a=1&b&'), false],
      ['lines', 'text', body('\n'), false],
      ['parts', 'multipart', body('\r\n--b\ncontent-disposition:form-data;name="a"\n\nb'), true],
      ['letters that become eighteen', 'form', body('ﷺ'), true],
      ['one long name', 'form', body('a'), true]
    ] as const) {
      t.equal(await holdsSecret(text, typeOf(content)), expected, title)
      if (!expected) t.ok((await contentsOf(text, typeOf(content))).isCut, `${title}: its beginning is shown`)
    }
    const names = (count: number) => Buffer.from(Array.from({ length: count }, (_, i) => `n${i}=1`).join('&'))
    t.notOk(await holdsSecret(names(4_000), typeOf('form')))
    t.ok(await holdsSecret(names(10_000), typeOf('form')))
    const json = (count: number) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i])))
    t.notOk(await holdsSecret(Buffer.from(json(4_000)), typeOf('json')))
    const fields = await contentsOf(names(13), typeOf('form'))
    t.match([fields.fields.length, fields.isCut], [12, true])
    t.match((await contentsOf(names(12), typeOf('form'))).isCut, false)
    t.match(await shownOf(`{"token":"${'x'.repeat(9_000)}","b":"${'y'.repeat(9_000)}"}`), /^\{"token":"•••","b":"y+…$/)
    t.match(await shownOf('{"code":"never closed'), '{"code":"•••"')
    for (const piece of ['[', '{"a":', '{"name":"a","value":[', '{"name":"a","value":1}', '}'])
      t.type(await holdsSecret(body(piece), typeOf('json')), 'boolean', piece)
  }
)

const shownOf = async (text: string) => (await contentsOf(Buffer.from(text), typeOf('json'))).fields[0]?.value ?? ''

const secrets = `password Passwort passwd pass _pass user_pass user[pass] pass1 user_pwd newPwd newpwd PWD pw user_pin PIN otp_code userOTP
  passphrase client_secret api_key apiKey X-API-Key token access_token refreshToken auth_token bearer credentials recovery_code userpass
  kennwort neues_Kennwort mot_de_passe motDePasse mdp senha novaSenha palavra-passe contrasena contraseña clave hasło nowe_haslo codice-segreto
  密码 新密码 パスワード 暗証番号 كلمة_المرور كلمة_السر`
const marks = `csrf_token authenticity_token __RequestVerificationToken csrfmiddlewaretoken formhash sectok _token form[_token] _csrf _xsrf csrfToken
  OWASP_CSRFTOKEN requesttoken wpEditToken _wpnonce sesskey id_token SAMLResponse state code JWT oauth_signature`
const others = `title passport_number bypass compass secretary_name desenhar hasLocation Lösung pinned spinner tokens max_tokens opinion 名前 عنوان text`

t.test('a name says what is never kept, and what is kept and not shown', async t => {
  for (const [list, isSecret, isHidden] of [
    [secrets, true, true],
    [marks, false, true],
    [others, false, null]
  ] as const)
    for (const name of list.split(/\s+/)) {
      t.equal(isSecretName(name), isSecret, `${name} is ${isSecret ? 'never kept' : 'kept'}`)
      if (isHidden !== null) t.equal(isHiddenName(name), isHidden, `${name} is not shown`)
    }
})

t.test('what a page shows of a body', async t => {
  const shown = (text: string, content: keyof typeof types) => contentsOf(Buffer.from(text), typeOf(content))
  t.same((await shown('a=1&SAMLResponse=x&b=%E2%80%AE2', 'form')).fields, [
    { name: 'a', value: '1' },
    { name: 'SAMLResponse', value: null },
    { name: 'b', value: ' 2' }
  ])
  const file = '--b\r\nContent-Disposition: form-data; name="f"; filename="säge.csv"\r\n\r\n1,2\r\n--b--\r\n'
  t.same((await shown(file, 'multipart')).fields, [{ name: 'f', value: 'säge.csv' }])
  t.same(
    (await shown('{"a":1,"csrf_token" : "x\\"y","code":7}', 'json')).fields[0]?.value,
    '{"a":1,"csrf_token" : "•••","code":"•••"}'
  )
  for (const [text, expected] of [
    [
      '[{"name":"state","value":"s1"},{"name":"a","value":"b"}]',
      '[{"name":"state","value":"•••"},{"name":"a","value":"b"}]'
    ],
    ['{"a":[{"value" : ["s1",{"x":"s2"}],"key":"code"}]}', '{"a":[{"value" : "•••","key":"•••"}]}'],
    ['{"id":"sig","value":-1.5e3,"values":"s2","n":1}', '{"id":"sig","value":"•••","n":1}'],
    ['{"tokens":["s1","s2"],"auth":{"a":"s3","n":[1]},"n":[1]}', '{"tokens":"•••","auth":"•••","n":[1]}'],
    [`{"value":"s1","text":"${'x'.repeat(70_000)}","name":"token"}`, /^\{"value":"•••","text":"x+…$/],
    [`{"state":"s1${'\\n'.repeat(9)}","name":"a","val":"b"`, '{"state":"•••","name":"a","val":"b"'],
    [`${'['.repeat(250)}{"code":"s1"}`, /^\[+"•••"$/]
  ] as const)
    t.match((await shown(text, 'json')).fields[0]?.value, expected, text.slice(0, 60))
  t.same((await shown('a=1\r\ncsrf=y\r\n', 'text')).fields[0]?.value, 'a=1 csrf=••• ')
  t.same((await shown(`{"a":"${'x'.repeat(900)}"}`, 'json')).isCut, true)
})

t.test('a listed path is expected in all of its readings, or not at all', async t => {
  const terms = new KeepTerms({ limit: 1, foreign: ['/saml/acs', '/lti/**'], isCaseSensitive: false })
  for (const [readings, expected] of [
    [['/saml/acs'], true],
    [['/SAML/acs'], true],
    [['/lti/a/b'], true],
    [['/lti/../transfer', '/transfer'], false],
    [['/transfer'], false]
  ] as const)
    t.equal(terms.expectsForeign(readings), expected, readings.join(' '))
})

/** What is in the store: the ids in the list, and those of records and bodies. */
async function inStore(store: MemoryStore) {
  const members = (await store.members('kept-posts')).map(member => member.split(' ')[0] as string)
  const records: string[] = []
  const bodies = new Set<string>()
  for await (const { key } of store.scan('kept')) {
    const [prefix, id = ''] = key.split(':')
    if (prefix === 'kept-part') bodies.add(id)
    else records.push(key)
  }
  return { members: members.sort(), records: records.sort(), bodies: [...bodies].sort() }
}

/** Rejects once, before or after the work. */
function failOnce(store: MemoryStore, verb: 'put' | 'link' | 'members', isDone: boolean, skip = 0): void {
  const work = store[verb].bind(store) as (...all: unknown[]) => Promise<unknown>
  let left = skip
  Object.assign(store, {
    [verb]: async (...all: unknown[]) => {
      if (left-- > 0) return work(...all)
      Object.assign(store, { [verb]: work })
      if (isDone) await work(...all)
      throw new StoreUnreachable('no')
    }
  })
}

t.test('a POST that the store does not take leaves nothing, and pushes out nothing', async t => {
  const body = Buffer.alloc(900_000, 'work ')
  for (const sender of ['ada', null] as const)
    for (const [verb, isDone, skip] of [
      ['put', false, 0],
      ['put', true, 1],
      ['put', false, 3],
      ['link', false, 0],
      ['link', true, 0],
      ['members', true, 0],
      ['members', true, 1]
    ] as const) {
      const { posts, store, time } = opened()
      const first: { id: string; secret: string }[] = []
      // Five are the most of a person; of strangers, sixteen mebibytes.
      for (let n = 0; n < (sender === null ? 17 : 5); n++) {
        const address = sender === null ? `198.51.${n}.1` : '192.0.2.1'
        first.push((await posts.keep(post({ account: sender, foreign: sender === null ? '' : null, address }), body))!)
        time.advance(1)
      }
      const before = await inStore(store)
      failOnce(store, verb, isDone, skip)
      const more = post({ account: sender, foreign: sender === null ? '' : null, address: '203.0.113.1' })
      await t.rejects(posts.keep(more, body), StoreUnreachable, verb)
      t.same(await inStore(store), before, `${verb} ${skip}`)
      t.equal(posts.bytes, first.length * body.length)
    }
})

t.test('of many POSTs of one person at once, five wait at most, and nothing of the others', async t => {
  const { posts, store, time } = opened()
  for (let n = 0; n < 5; n++) await posts.keep(post(), Buffer.from(`a=${n}`))
  time.advance(1)
  const kept = await Promise.all(Array.from({ length: 4 }, (_, n) => posts.keep(post(), Buffer.from(`b=${n}`))))
  const { members, records, bodies } = await inStore(store)
  t.equal(members.length, 5)
  t.ok(
    kept.every(one => one !== null && members.includes(one.id)),
    'the newest'
  )
  t.same(bodies, members)
  t.equal(records.length, 5)
})

t.test(
  'many POSTs of one person at once push out no more than the limits ask, and only those that wait are said to be kept',
  async t => {
    const mebibyte = 1024 * 1024
    for (const [title, sizes, expected, laterMs] of [
      ['two', [5, 5], 1, 0],
      ['two at different times', [5, 5], 1, 1],
      ['two, the clock of the other gate behind', [5, 5], 1, -1],
      ['six', Array(6).fill(0), 5, 0],
      ['eleven', Array(11).fill(0), 5, 0],
      ['eleven, the clock of the other gate behind', Array(11).fill(0), 5, -30_000],
      ['a small one beside two large ones', [5, 1, 5], 2, 1],
      ['one that is too large for anybody', [1, 9, 1], 2, 1]
    ] as const) {
      const { posts, store, time, keyring } = opened()
      const other = new KeptPosts({ store, clock: () => time.read() + laterMs, keyring: () => keyring })
      const told = await Promise.all(
        sizes.map((size, n) => (n % 2 === 0 ? posts : other).keep(post(), Buffer.alloc(size * mebibyte + 3, 'a=b')))
      )
      const { members, records, bodies } = await inStore(store)
      t.equal(members.length, expected, title)
      t.same(told.flatMap(one => (one === null ? [] : [one.id])).sort(), members, `${title}: told`)
      t.same(bodies, members)
      t.equal(records.length, members.length)
    }
  }
)
