/**
 * Faults with codes and their enrolment: reloaded pages, wrong clocks, keyboards of other scripts, changed settings (FIELD G1, G3, G4, G5).
 */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { readRecoveryCode } from '../../src/factor/recovery-code.ts'
import { readCode } from '../../src/factor/totp.ts'
import { typedSigns } from '../../src/factor/typed-code.ts'
import { shown } from '../fixtures/in-process/shown.ts'
import { enrolled, halfWay, password } from '../fixtures/pipeline/people.ts'
import { codeAt, openFixture } from '../fixtures/pipeline/portal.ts'
import { codesOn, secretOn, textOf, Visitor } from '../fixtures/pipeline/visitor.ts'

const enrol = 'http://gate.localhost/.factorgate/enrol'

async function invited(t: Parameters<typeof openFixture>[0]) {
  const fixture = await openFixture(t)
  const visitor = new Visitor(fixture.app)
  await visitor.submit(await visitor.open(await fixture.invite()), { password })
  return { fixture, visitor }
}

t.test(
  'FIELD G1 an enrolment page shows the same secret until it is done, over, or asked to make a new one',
  async t => {
    const { fixture, visitor } = await invited(t)
    const first = await visitor.open(`${enrol}/totp`)
    const secret = secretOn(first)
    for (const way of ['reload', 'second tab', 'back from the choice'])
      t.equal(secretOn(await visitor.open(`${enrol}/totp?rd=http://notebooks.localhost/`)), secret, way)
    const [a, b] = await Promise.all([visitor.get(`${enrol}/totp`), visitor.get(`${enrol}/totp`)])
    t.same([secretOn(a), secretOn(b)], [secret, secret])
    fixture.time.advance(599)
    t.equal(secretOn(await visitor.open(`${enrol}/totp`)), secret, 'nearly ten minutes later')
    fixture.time.advance(2)
    const later = await visitor.open(`${enrol}/totp`)
    t.not(secretOn(later), secret, 'M6: after ten minutes there is another')
    const code = codeAt(secret, fixture.clock())
    const dead = await visitor.post(first, { code, name: 'Phone' })
    t.match([dead.status, secretOn(dead)], [401, secretOn(later)], 'the form of the first shows what waits now')
    t.match(textOf(dead.body), /earlier QR code is no longer valid\. Scan this one, and remove the earlier entry/)

    const asked = await visitor.submit(later, {}, /totp\/new/)
    t.match([asked.status, secretOn(asked) === secretOn(later)], [200, false], 'a new one for whoever asks')
    t.equal(secretOn(await visitor.open(`${enrol}/totp`)), secretOn(asked), 'which is loaded again as well')
    const old = await visitor.post(later, { code: codeAt(secretOn(later), fixture.clock()), name: 'Phone' })
    t.match([old.status, secretOn(old)], [401, secretOn(asked)], 'and the one before is over')
  }
)

t.test('FIELD G1 of two pages opened at once, both show one secret; another session has its own', async t => {
  const { fixture, visitor } = await invited(t)
  const [a, b] = await Promise.all([visitor.get(`${enrol}/totp`), visitor.get(`${enrol}/totp`)])
  t.ok(secretOn(a) !== '' && secretOn(a) === secretOn(b))
  const other = await fixture.services.totp.open({ id: fixture.ada.id, name: 'ada' }, 'another session')
  t.not(other.secret, secretOn(a))
})

t.test('FIELD G1 a form that was sent by two tabs goes on, and the secret is not shown again', async t => {
  const { fixture, visitor } = await invited(t)
  const [one, two] = [await visitor.open(`${enrol}/totp`), await visitor.open(`${enrol}/totp`)]
  const code = codeAt(secretOn(one), fixture.clock())
  const codes = await visitor.submit(one, { code, name: 'Phone' })
  t.equal(codesOn(codes).length, 10)
  const again = await visitor.submit(two, { code, name: 'Phone' })
  t.same(codesOn(again), codesOn(codes), 'the second tab arrives where the first one did')
  t.equal((await fixture.credentials.list(fixture.ada.id)).length, 1)
  const fresh = await visitor.open(`${enrol}/totp`)
  t.notMatch(fresh.body, secretOn(one), 'M4: back on the page, the enrolled secret is gone')
})

/** Whether a step nearer to now has the same code. With hours between, that is so for about one secret in five hundred. */
function isAmbiguous(secret: string, now: number, seconds: number): boolean {
  const code = codeAt(secret, now + seconds * 1000)
  for (let nearer = 0; nearer < Math.abs(seconds) - 30; nearer += 30)
    if ([nearer, -nearer].some(offset => codeAt(secret, now + offset * 1000) === code)) return true
  return false
}

t.test('FIELD G3 while enrolling, a wrong clock is named, with the time of the gate', async t => {
  const { fixture, visitor } = await invited(t)
  const rows: [number, RegExp][] = [
    [-5 * 60, /about 5 minutes behind the gate’s/],
    [7 * 60, /about 7 minutes ahead of the gate’s/],
    [9 * 3600, /about 9 hours ahead of the gate’s/],
    [-5.75 * 3600, /about 6 hours behind the gate’s/]
  ]
  for (const [seconds, sentence] of rows) {
    fixture.time.advance(400)
    let again = await visitor.open(`${enrol}/totp`)
    while (isAmbiguous(secretOn(again), fixture.clock(), seconds)) {
      fixture.time.advance(400)
      again = await visitor.open(`${enrol}/totp`)
    }
    const code = codeAt(secretOn(again), fixture.clock() + seconds * 1000)
    const answer = await visitor.post(again, { code, name: 'Phone' })
    t.equal(answer.status, 401, `${seconds}: never accepted`)
    t.match(textOf(answer.body), sentence)
    t.match(textOf(answer.body), /clock says \d\d:\d\d:\d\d UTC/)
  }
  fixture.time.advance(400)
  const again = await visitor.open(`${enrol}/totp`)
  const wrong = await visitor.post(again, { code: 'abc', name: 'Phone' })
  t.match(textOf(wrong.body), /did not work.*clock says/, 'any refusal speaks of the clock')
  const today = new Date(fixture.clock()).toLocaleDateString('en-GB', { dateStyle: 'long', timeZone: 'UTC' })
  for (const days of [-1, 1, 365]) {
    fixture.time.advance(400)
    const page = await visitor.open(`${enrol}/totp`)
    const code = codeAt(secretOn(page), fixture.clock() + days * 86_400_000)
    const answer = await visitor.post(page, { code, name: 'Phone' })
    t.match(textOf(answer.body), `UTC on ${today}`, `right time, wrong day (${days}): the day stands there too`)
  }
  t.equal((await fixture.credentials.list(fixture.ada.id)).length, 0)
})

t.test(
  "FIELD G3 after the gate's clock was put back, the page says whose fault it is, and the log hears of it",
  async t => {
    const fixture = await openFixture(t)
    const { secret } = await enrolled(fixture)
    const told: number[] = []
    fixture.totpOptions.onClockBack = seconds => told.push(seconds)
    fixture.time.advance(-3600)
    const { visitor, page } = await halfWay(fixture)
    for (const code of [codeAt(secret, fixture.clock()), '000000']) {
      const refused = await visitor.post(page, { code }, /totp/)
      t.equal(refused.status, 401)
      t.match(textOf(refused.body), /gate’s own clock was set back\. This is not your fault\. Codes work again after/)
    }
    t.equal(told.length, 1, 'said once, not for every try')
    t.ok(told[0]! > 3400 && told[0]! <= 3600)
    fixture.time.advance(3630)
    const { visitor: later, page: open } = await halfWay(fixture)
    t.equal((await later.post(open, { code: codeAt(secret, fixture.clock()) }, /totp/)).status, 303)
  }
)

const shift = (zero: number) => (code: string) =>
  [...code].map(digit => (/\d/.test(digit) ? String.fromCodePoint(zero + Number(digit)) : digit)).join('')

const writings: Record<string, (code: string) => string> = {
  'Arabic-Indic': shift(0x660),
  Persian: shift(0x6f0),
  Devanagari: shift(0x966),
  Bengali: shift(0x9e6),
  Thai: shift(0xe50),
  Khmer: shift(0x17e0),
  'full-width': shift(0xff10),
  'mathematical bold': shift(0x1d7ce),
  'mathematical monospace': shift(0x1d7f6),
  Adlam: shift(0x1e950),
  Osmanya: shift(0x104a0),
  'two scripts at once': code => shift(0x660)(code.slice(0, 3)) + code.slice(3),
  'no-break and ideographic blanks': code => `\u00a0${code.slice(0, 2)}\u3000${code.slice(2)}\u202f`,
  'marks of direction': code => `\u200f\u2067${code}\u2069\u200e`,
  'zero-width blanks, joiners, a byte order mark': code => `\ufeff${[...code].join('\u200b\u200d\u2060')}`,
  'soft hyphens': code => [...code].join('\u00ad'),
  'en dash, em dash, minus, long sound mark, wave dash': code =>
    [...code].map((sign, i) => sign + '–—−ー〜'.charAt(i % 5)).join(''),
  'heavy minus, drawn lines, hyphenation points, commercial minus': code =>
    [...code].map((sign, i) => sign + '\u2796\u2501\u2504\u254d\u2027\u2052'.charAt(i % 6)).join(''),
  'a next-line sign': code => `${code.slice(0, 3)}\u0085${code.slice(3)}`,
  keycaps: code => [...code].map(sign => (/\d/.test(sign) ? `${sign}\ufe0f\u20e3` : sign)).join(''),
  'lines of their own': code => `${code.slice(0, 3)}\r\n${code.slice(3)}\n`
}

t.test('FIELD G4 codes are read from every keyboard', async t => {
  for (const [how, write] of Object.entries(writings)) {
    t.equal(readCode(write('1234567')), '1234567', how)
    t.equal(readCode(write('0987654')), '0987654', how)
    const code = '7k3m-9qxz-0123-4567-89ab-cdef'
    t.equal(readRecoveryCode(write(code)), code.replaceAll('-', ''), how)
  }
  const wide = shift(0xff10)('ABCD-EFGH').replace(/[A-Z]/g, l => String.fromCodePoint(l.charCodeAt(0) + 0xfee0))
  t.equal(readRecoveryCode(`${wide}${'0'.repeat(16)}`), `abcdefgh${'0'.repeat(16)}`, 'full-width letters')
  t.equal(readRecoveryCode(`oOiIlLıİ${'2'.repeat(16)}`), `00111111${'2'.repeat(16)}`, 'look-alikes')
  for (const wrong of ['12345', '123456789', '12a456', '一二三四五六', 'ⅠⅡⅢⅣⅤⅥ', '1.23456', '123456\0', '', '-'])
    t.equal(readCode(wrong), null, shown(wrong))
})

t.test('FIELD G4 the page leaves the same signs out as the gate when it looks whether a code is whole', async t => {
  const script = readFileSync(new URL('../../plugins/portal/assets/page.js', import.meta.url), 'utf8')
  const [, source = ''] = /const aside =\s*\/(\[.*\])\/gu/.exec(script) ?? []
  const aside = new RegExp(source, 'gu')
  const differing: string[] = []
  for (let point = 0; point < 0x1_1000; point++) {
    const sign = String.fromCodePoint(point)
    const isLeftOut = sign.normalize('NFKD').replace(aside, '') === ''
    if (isLeftOut !== (typedSigns(sign) === '')) differing.push(point.toString(16))
  }
  t.same(differing, [])
})

t.test('FIELD G4 such codes sign in, and confirm an enrolment', async t => {
  const { fixture, visitor } = await invited(t)
  const setup = await visitor.open(`${enrol}/totp`)
  const typed = shift(0x6f0)(codeAt(secretOn(setup), fixture.clock()))
  const codes = codesOn(await visitor.submit(setup, { code: typed, name: 'Phone' }))
  fixture.time.advance(30)
  const one = await halfWay(fixture)
  const arabic = `\u200f${shift(0x660)(codeAt(secretOn(setup), fixture.clock()))}`
  t.equal((await one.visitor.post(one.page, { code: arabic }, /totp/)).status, 303)
  const two = await halfWay(fixture)
  t.equal((await two.visitor.post(two.page, { code: shift(0xff10)(codes[0]!) }, /recovery/)).status, 303)
})

t.test('FIELD G5 a person keeps the parameters they enrolled with, whatever the configuration says later', async t => {
  const fixture = await openFixture(t)
  const { secret } = await enrolled(fixture)
  Object.assign(fixture.totpOptions, { algorithm: 'SHA512', digits: 8, period: 60 })
  fixture.time.advance(60)
  const { visitor, page } = await halfWay(fixture)
  t.match(textOf(page.body), /Type the 6 digits that your app shows/)
  t.match(page.body, /data-digits="6"/)
  t.equal((await visitor.post(page, { code: codeAt(secret, fixture.clock()) }, /totp/)).status, 303)

  const setup = await visitor.open(`${enrol}/totp`)
  t.match(setup.body, /digits=8&amp;period=60/)
  Object.assign(fixture.totpOptions, { algorithm: 'SHA1', digits: 6, period: 30 })
  t.match((await visitor.open(`${enrol}/totp`)).body, /digits=8&amp;period=60/, 'what was scanned stays as it was')
  const [credential] = await fixture.credentials.list(fixture.ada.id)
  await fixture.credentials.update(fixture.ada.id, credential!.id, one =>
    one.kind === 'totp' ? { ...one, digits: 8 } : null
  )
  const long = await halfWay(fixture)
  t.match([textOf(long.page.body), long.page.body], [/Type the 8 digits/, /data-digits="8"/])
  if (credential?.kind === 'totp')
    await fixture.credentials.add({ ...credential, id: 'B'.repeat(22), name: 'Tablet', digits: 6 })
  const both = await halfWay(fixture)
  t.match(
    [textOf(both.page.body), both.page.body],
    [/Type the 6 or 8 digits/, /data-digits="8"/],
    'never sent off too early'
  )
})
