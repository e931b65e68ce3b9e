/** Bad input: what is no HTML, endless and deep pages, compressed bombs, broken codings and characters. All bounded, nothing thrown. */
import * as zlib from 'node:zlib'
import t from 'tap'
import { codeShape } from '../../src/integrity/code-shape.ts'
import { decodeBody, decodeText, maxDecodedBytes, unreadCoding } from '../../src/integrity/decode-body.ts'
import { unreadNote } from '../../src/integrity/hygiene.ts'
import { PageReader } from '../../src/integrity/page-reader.ts'
import { pathShape } from '../../src/integrity/path-shape.ts'
import { type Body, readBody } from '../../src/integrity/read-body.ts'
import { readPage } from '../../src/integrity/read-page.ts'
import { shortcomingsOf } from '../../src/integrity/shortcomings.ts'
import { growth, maxGrowth } from '../fixtures/in-process/growth.ts'
import { address, named, read } from './fixture.ts'

const { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } = zlib

const body = (bytes: Buffer, more: Partial<Body> = {}): Body => ({
  kind: 'page',
  bytes: new Uint8Array(bytes),
  isWhole: true,
  coding: '',
  contentType: 'text/html',
  address: address('/x'),
  ...more
})

t.test('N2 · hostile pages and code → the reading ends soon', async t => {
  const many = (text: string, count: number) => text.repeat(count)
  const pages: Readonly<Record<string, string>> = {
    'a tag with 200,000 attributes': `<div ${many('a1 ', 200_000)}>`,
    'a hundred thousand open elements': many('<svg><div>', 100_000),
    'frames in frames': many('<iframe srcdoc="', 5000),
    'a script without an end': `<script>${many('/[', 200_000)}`,
    'slashes that begin nothing': `<script>${many('=/[', 100_000)}</script>`,
    'templates in templates': `<script>${many('`${', 100_000)}</script>`,
    'brackets without an end': `<script>${many('[{(', 100_000)}</script>`,
    'a name of hexadecimal digits': `<script>$${many('a', 400_000)}x1</script>`,
    'texts of addresses': `<script>x("//${many('a.', 30_000)}", "${many('//a', 20_000)}")</script>`,
    'comments without an end': many('<!--', 100_000),
    'a base that is no address': '<base href="http://["><form action="http://[">'
  }
  for (const [sentence, html] of Object.entries(pages)) {
    const before = process.cpuUsage()
    t.ok(Array.isArray(read(html).marks), sentence)
    const { user } = process.cpuUsage(before)
    t.ok(user < 30_000_000, `${sentence}: ${user / 1000} ms of CPU`)
  }
  t.ok(codeShape(many('x();', 1_000_000)).statements.size <= 1, 'four megabytes of code')
  const zero = String.fromCharCode(0)
  for (const odd of [
    '',
    '/',
    '//',
    '/%',
    '/%zz/%00',
    `/${zero}${String.fromCharCode(0x202e)}`,
    `/${'a'.repeat(99_999)}`
  ])
    t.match(pathShape(odd), /^\/[\x21-\x7e]*$/, 'a path of any form has a printable shape')
})

t.test('a page that is cut off, wherever, has nothing that the whole page has not', t => {
  const html = `<!doctype html><html><head><script>start(1); if (ready) { run("x", function () { more(1) }) }</script></head><body>
<form action="/go"><input name=a></form><a href="/x" onclick="pick(1, 2)">x</a><form method=post action="/login"><input type=password></form><script src="/a.js"></script></body></html>`
  const all = new Set(named(readPage(html, address('/x')).marks))
  for (let end = 0; end < html.length; end++) {
    const { marks, skeleton, structure } = readPage(html.slice(0, end), address('/x'), false)
    const others = named(marks).filter(each => !all.has(each))
    if (others.length > 0 || skeleton !== '' || structure !== null) t.fail(`${end}: ${others} ${skeleton} ${structure}`)
  }
  t.ok(all.size > 6)
  t.end()
})

t.test('codings', async t => {
  const text = '<script src="/a.js"></script>'
  const coded: readonly (readonly [string, Buffer])[] = [
    ['gzip', gzipSync(text)],
    ['x-gzip', gzipSync(text)],
    ['br', brotliCompressSync(text)],
    ['deflate', deflateSync(text)],
    ['deflate', deflateRawSync(text)],
    ['gzip, br', brotliCompressSync(gzipSync(text))],
    ['identity', Buffer.from(text)]
  ]
  const zstd = (zlib as { zstdCompressSync?: (text: Buffer) => Buffer }).zstdCompressSync
  const shown = async (bytes: Buffer, coding: string) => (await decodeBody(bytes, coding)).map(each => each.toString())
  if (zstd !== undefined) t.same(await shown(zstd(Buffer.from(text)), 'zstd'), [text], 'zstd')
  for (const [coding, bytes] of coded) t.same(await shown(bytes, coding), [text], coding)
  for (const [coding, bytes] of coded.slice(0, 3))
    for (const each of await shown(bytes.subarray(0, -9), coding)) t.ok(text.startsWith(each), `${coding}, cut off`)
  let packed = Buffer.from(text)
  for (let times = 1; times <= 16; times++) {
    packed = gzipSync(packed)
    t.same(await shown(packed, Array(times).fill('gzip').join(', ')), [text], `${times} times`)
  }
  t.same(await shown(packed, Array(99).fill('gzip').join(', ')), [text], 'the rest is ignored')
  t.same(await shown(Buffer.from('no gzip'), 'gzip'), [], 'what only says that it is packed')
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
  t.same(
    (await decodeBody(bomb, 'gzip')).map(({ length }) => length),
    [maxDecodedBytes],
    '64 MB of zeros: a megabyte of it'
  )
  t.equal(decodeText(Buffer.from('<p>\xe4', 'latin1'), 'text/html; charset=iso-8859-1'), '<p>ä')
  t.equal(decodeText(Buffer.from('\ufeff<p>', 'utf16le'), 'text/html'), '<p>')
  t.equal(decodeText(Buffer.from('<p>'), 'text/html; charset=no-such'), '<p>')
  const latin = '<meta charset=iso-8859-1><p>\xe4'
  t.match(decodeText(Buffer.from(latin, 'latin1'), 'text/html; charset=no-such'), /ä$/, 'then its meta counts')
  t.notMatch(decodeText(Buffer.from(`<!-- ${latin} -->`, 'latin1'), 'text/html'), 'ä', 'a comment has no meta')
  for (const [page, header] of [
    ['<meta charset=utf-16><p>', ''],
    ['<meta http-equiv=content-type content="text/html; charset=UTF-16LE"><p>', ''],
    ['\ufeff<p>', '; charset=utf-16'],
    ['<p>', '; charset=hz-gb-2312']
  ] as const)
    t.match(decodeText(Buffer.from(page), `text/html${header}`), /<p>$/, `${page} is read as browsers read it`)
  t.equal(decodeText(Buffer.from('<p>', 'utf16le'), "text/html; charset='utf-16'"), '<p>')
})

t.test('a coding that browsers do not know hides nothing', async t => {
  const script = '<p>x<script src="https://far.example/x.js"></script>'
  const found = async (bytes: Buffer, coding: string, kind: 'page' | 'script' = 'page') =>
    named(
      (await readBody({ kind, bytes, isWhole: true, coding, contentType: 'text/html', address: address('/x') }))
        ?.marks ?? []
    )
  const expected = named(read(script).marks)
  t.match(expected.join(), 'far.example')
  const unknown = [
    'none',
    'compress',
    'deflate-raw',
    'gzip, none',
    'none, gzip',
    'gzip, identity',
    'gzip,',
    'identity,gzip',
    'dcb'
  ]
  // Chromium shows these as they are.
  for (const coding of [...unknown, Array(20).fill('none').join(), `none, ${Array(20).fill('gzip').join()}`])
    for (const before of ['', '<!--\x01-->', '\0\x01\x02', '\x1f\x8b\x08\0', '\x28\xb5\x2f\xfd'])
      t.match(
        await found(Buffer.from(before + script, 'latin1'), coding),
        expected,
        `${coding} ${JSON.stringify(before)}`
      )
  t.match(
    await found(gzipSync(script, { level: 0 }), 'none'),
    expected,
    'a script is in the bytes of the packed page too'
  )
  // Firefox undoes what it knows.
  for (const coding of ['none, gzip', 'gzip, identity', 'gzip none', 'identity gzip'])
    t.match(await found(gzipSync(script), coding), expected, `${coding}, packed`)
  t.match(await found(deflateSync(script), 'x-deflate'), expected)
  // A bare stream whose beginning looks like that of zlib: a stored block of 156 bytes, and an empty one.
  const stored = Buffer.from([0x78, 0x9c, 0x00, 0x63, 0xff, ...Buffer.from(script.padEnd(156)), 1, 0, 0, 0xff, 0xff])
  t.match(await found(stored, 'deflate'), expected)
  const code = 'fetch("https://far.example/a")'
  t.match((await found(Buffer.from(`/*\x01*/${code}`), 'gzip, none', 'script')).join(), 'far.example')
  t.match((await found(gzipSync(code), 'gzip, none', 'script')).join(), 'far.example')
})

t.test('a fault in a packed body hides nothing that comes before it', async t => {
  const text = '<script src="/a.js"></script>'
  const packed = gzipSync(text)
  const head = (flags: number, more: Buffer) => {
    const all = Buffer.concat([packed.subarray(0, 10), more, packed.subarray(10)])
    all[3] = flags
    return all
  }
  const endless = deflateRawSync(text, { finishFlush: zlib.constants.Z_SYNC_FLUSH })
  const ended = (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 255])])
  const table: readonly (readonly [string, string, Buffer])[] = [
    ['a wrong sum', 'gzip', Buffer.concat([packed.subarray(0, -8), Buffer.alloc(8, 7)])],
    ['something after it', 'gzip', Buffer.concat([packed, Buffer.from('junk')])],
    ['a second member that is broken', 'gzip', Buffer.concat([packed, packed.subarray(0, 12), Buffer.alloc(99, 255)])],
    ['a wrong sum of its head', 'gzip', head(2, Buffer.from([1, 2]))],
    ['a name, a comment and more', 'gzip', head(28, Buffer.from('\x03\0abcname\0comment\0', 'latin1'))],
    ['a wrong sum of zlib', 'deflate', ended(deflateSync(text))],
    ['a broken block', 'deflate', Buffer.concat([endless, Buffer.alloc(99, 255)])],
    ['a broken end', 'br', Buffer.concat([brotliCompressSync(text), Buffer.from('junk')])]
  ]
  for (const [name, coding, bytes] of table) t.same((await decodeBody(bytes, coding)).map(String), [text], name)
  t.same(await decodeBody(head(4, Buffer.from([255, 255])), 'gzip'), [])
  t.same(await decodeBody(head(8, Buffer.alloc(0)).subarray(0, 14), 'gzip'), [])
})

t.test('a coding that browsers may read, and the gate cannot, is named', t => {
  for (const coding of ['dcb', 'gzip, DCZ']) t.equal(unreadCoding(coding), coding.toLowerCase().slice(-3))
  for (const coding of ['', 'gzip, br', 'none', 'identity']) t.equal(unreadCoding(coding), null, coding)
  t.equal(unreadCoding('zstd'), 'createZstdDecompress' in zlib ? null : 'zstd')
  t.match(shortcomingsOf([unreadNote('dcb')], 0), [{ what: 'page not read', detail: /^Content-Encoding dcb: / }])
  t.end()
})

t.test('what is no page', async t => {
  t.equal(await readBody(body(Buffer.from('{"a": 1}'))), null, 'JSON that calls itself HTML')
  t.equal(await readBody(body(Buffer.alloc(50_000, 7))), null, 'bytes')
  const long = await readBody(body(Buffer.from('a()'), { kind: 'script', isWhole: false }))
  t.same(long?.marks, [], 'a script file that goes on is not compared')
})

t.test('the thread reads, and what is too much is dropped', async t => {
  const reader = new PageReader()
  t.teardown(() => reader.stop())
  const reading = await reader.read(body(gzipSync('<script src="/a.js"></script>'), { coding: 'gzip' }))
  t.same(reading?.marks, [{ kind: 'script', value: '/a.js' }])
  const all = Array.from({ length: 400 }, () => reader.read(body(Buffer.alloc(20_000, 'x'))))
  t.ok(reader.counts.skipped > 100)
  t.notOk(reader.hasRoom())
  await Promise.all(all)
  const { read, skipped, stopped } = reader.counts
  t.same([read + skipped, stopped], [401, 0], 'each is counted once')
  await reader.stop()
  t.equal(await reader.read(body(Buffer.from('<p>'))), null, 'after the end nothing is read')
})

t.test('pages that were read lately leave most of the saved time to others', async t => {
  const reader = new PageReader(() => 0)
  t.teardown(() => reader.stop())
  let count = 0
  for (; reader.hasRoom(true) && count < 3000; count++) await reader.read(body(Buffer.alloc(100_000, '<b>')))
  t.ok(count > 0 && count < 3000, `${count} were read`)
  t.ok(reader.hasRoom(), 'a page that was not read lately has room')
})

t.test('a page that the gate has fetched is read under load too, before what waits', async t => {
  const reader = new PageReader(() => 0)
  const waiting = Array.from({ length: 400 }, () => reader.read(body(Buffer.from('<p>x</p>'))))
  t.equal(reader.hasRoom(), false)
  t.ok(reader.counts.skipped > 100)
  const reading = await reader.readFetched(body(Buffer.from('<script src="https://evil.example/x.js"></script>')))
  t.same(named(reading?.marks ?? []), ['script https://evil.example/'])
  await reader.stop()
  await Promise.all(waiting)
  t.equal(await reader.readFetched(body(Buffer.from('<p>x</p>'))), null, 'not after the end')
})

t.test('no page and no code takes time with the square of its length', async t => {
  const endless = (html: string) => readPage(html, address('/x'), true, () => 0)
  const cases: Readonly<Record<string, readonly [read: (text: string) => unknown, part: string, around?: string]>> = {
    'an address of data without a comma': [endless, 'a', '<iframe src="data:|">'],
    'blanks before an address': [endless, ' ', '<a href="|javascript:1">'],
    'a refresh of blanks': [endless, ' ', '<meta http-equiv=refresh content="1|\'\'">'],
    commas: [codeShape, ',', '|x'],
    'a list of commas': [codeShape, ',', '[|x'],
    'lists in lists': [codeShape, '[f(),'],
    'templates in templates': [codeShape, '`${'],
    slashes: [codeShape, 'a=/']
  }
  for (const [title, [reader, part, around = '|']] of Object.entries(cases)) {
    const make = (size: number) => around.split('|').join(part.repeat(Math.max(1, size / part.length)))
    const ratio = growth(reader, make, 65_536)
    t.ok(ratio < maxGrowth, `${title}: ${ratio}`)
  }
})

t.test('addresses of data, with and without base64', async t => {
  const loads = (address: string) => named(read(`<script src="${address}"></script>`).marks)
  const code = 'https://evil.example/'
  for (const address of [
    `data:text/javascript,f('${code}')`,
    ` DATA:;BASE64 ,${Buffer.from(`f('${code}')`).toString('base64')}`,
    `data:text/javascript;charset=utf-8;base64,${Buffer.from(`f('${code}')`).toString('base64')}`
  ])
    t.ok(loads(address).includes('names https://evil.example'), address)
})
