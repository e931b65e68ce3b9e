import fc from 'fast-check'
import t from 'tap'
import {
  InvalidResponseError,
  type ResponseHead,
  ResponseParser,
  type ResponseReader
} from '../../src/upstream/response-parser.ts'
import { cases } from '../fixtures/in-process/cases.ts'

interface Read {
  readonly heads: ResponseHead[]
  body: string
  isComplete: boolean
}

/** Parses one response from pieces; `ends`: the connection ends after them. */
function read(pieces: readonly Buffer[], method = 'GET', ends = false): Read {
  const result: Read = { heads: [], body: '', isComplete: false }
  const reader: ResponseReader = {
    onHead: head => result.heads.push(head),
    onData: chunk => {
      result.body += chunk.toString('latin1')
    },
    onComplete: () => {
      result.isComplete = true
    }
  }
  const parser = new ResponseParser()
  parser.expect(reader, method)
  // Every piece is copied into the same memory, as in a connection: the parser must copy what it keeps.
  const memory = Buffer.alloc(64 * 1024)
  for (const piece of pieces) {
    piece.copy(memory)
    parser.feed(memory.subarray(0, piece.length))
    memory.fill('#')
  }
  if (ends) parser.end()
  return result
}

const bytes = (text: string) => Buffer.from(text, 'latin1')

t.test('a reply ends by its length, its last chunk, its status or its connection', t => {
  const table: [string, string, string, boolean, Partial<Read> & { framing: string }][] = [
    ['a length', 'GET', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', false, { body: 'ok', framing: 'length' }],
    ['a length of 0', 'GET', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', false, { body: '', framing: 'length' }],
    [
      'chunks, extensions and trailers',
      'GET',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2;a=b\r\nok\r\n00A \r\n0123456789\r\n0\r\nX: 1\r\n\r\n',
      false,
      { body: 'ok0123456789', framing: 'chunks' }
    ],
    ['the connection', 'GET', 'HTTP/1.0 200\r\n\r\nall of it', true, { body: 'all of it', framing: 'connection' }],
    ['HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n', false, { body: '', framing: 'none' }],
    ['304', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n', false, { body: '', framing: 'none' }],
    ['204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n', false, { body: '', framing: 'none' }],
    [
      'what goes before it',
      'GET',
      'HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 103\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
      false,
      { body: 'ok', framing: 'length' }
    ]
  ]
  for (const [title, method, text, ends, { body, framing }] of table) {
    const whole = read([bytes(text)], method, ends)
    t.match(whole, { body, isComplete: true, heads: [{ framing }] }, title)
    t.equal(whole.heads.length, 1)
    const single = read(
      Array.from(text, byte => bytes(byte)),
      method,
      ends
    )
    const known = { ...whole, heads: whole.heads.map(head => ({ ...head, isWhole: false })) }
    t.same(
      { ...single, heads: single.heads.map(head => ({ ...head, isWhole: false })) },
      known,
      `${title}, byte by byte`
    )
  }
  t.end()
})

t.test('101 ends HTTP where it was asked for: what follows is the app’s, whatever it looks like', t => {
  const head = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\n'
  const after = 'HTTP/1.1 200 OK\r\n\r\n0\r\n\r\n\x00'
  const seen: (string | ResponseHead)[] = []
  const reader: ResponseReader = {
    onHead: head => seen.push(head),
    onData: chunk => seen.push(chunk.toString('latin1')),
    onComplete: () => seen.push('complete')
  }
  const parser = new ResponseParser()
  parser.expect(reader, 'GET', true)
  parser.feed(bytes(`HTTP/1.1 100 Continue\r\n\r\n${head}${after}`))
  parser.feed(bytes(after))
  t.equal(parser.end(), true)
  t.match(seen, [{ status: 101, framing: 'switched', keptMs: 0, isWhole: false }, after, after, 'complete'])
  t.throws(() => read([bytes(head)]), InvalidResponseError, 'nobody asked')
  t.end()
})

t.test('names, values and reason arrive byte for byte, without the blanks around a value', t => {
  const { heads } = read([
    bytes('HTTP/1.1 299 Caf\xe9 \xff\r\nX-Odd~Name:\t a\x80b \t\r\nX-Odd~Name:\r\nContent-Length: 0\r\n\r\n')
  ])
  t.same(heads[0]?.headers, ['X-Odd~Name', 'a\x80b', 'X-Odd~Name', '', 'Content-Length', '0'])
  t.equal(heads[0]?.reason, 'Caf\xe9 \xff')
  t.end()
})

t.test('how long the app keeps the connection', t => {
  for (const [head, keptMs] of [
    ['HTTP/1.1 200 OK', null],
    ['HTTP/1.1 200 OK\r\nConnection: close', 0],
    ['HTTP/1.1 200 OK\r\nConnection: Keep-Alive, Close', 0],
    ['HTTP/1.1 200 OK\r\nKeep-Alive: max=9, timeout=5', 5000],
    ['HTTP/1.0 200 OK', 0],
    ['HTTP/1.0 200 OK\r\nConnection: keep-alive', null],
    ['HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=3', 3000]
  ] as const)
    t.equal(read([bytes(`${head}\r\nContent-Length: 0\r\n\r\n`)]).heads[0]?.keptMs, keptMs, JSON.stringify(head))
  t.equal(read([bytes('HTTP/1.1 200 OK\r\n\r\n')]).heads[0]?.keptMs, 0, 'its end is the end of the body')
  const old = bytes('HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')
  t.equal(read([old]).heads[0]?.keptMs, 0, 'FIELD 3 chunks of HTTP/1.0 are the last of their connection')
  const two = bytes('HTTP/1.1 200 OK\r\nConnection: close\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n')
  t.equal(read([two]).heads[0]?.keptMs, 0, 'FIELD 3 "close" counts, whatever stands beside it')
  t.end()
})

t.test('whatever two readers could end differently is refused', t => {
  const head = (...lines: string[]) => `HTTP/1.1 200 OK\r\n${lines.join('\r\n')}\r\n\r\n`
  const chunks = head('Transfer-Encoding: chunked')
  const table: [string, string][] = [
    ['no HTTP', 'hello\r\n\r\n'],
    ['HTTP/2', 'HTTP/2 200\r\n\r\n'],
    ['HTTP/0.9', '<html>'],
    ['ICY', 'ICY 200 OK\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['a status below 100', 'HTTP/1.1 099 Odd\r\n\r\n'],
    ['a switch nobody asked for', 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n'],
    ['a blank before the colon', head('Content-Length : 2')],
    ['a tab before the colon', head('Content-Length\t: 2')],
    ['two lengths, one folded', head('Content-Length: 1', ' 2')],
    ['a lone CR', head('X: a\rContent-Length: 2')],
    ['a lone CR before a CRLF', head('X: a\r')],
    ['two lengths, one behind LF', head('Content-Length: 1\nContent-Length: 2')],
    ['NUL', head('X: a\x00b')],
    ['DEL', head('X: a\x7fb')],
    ['two lengths', head('Content-Length: 1', 'Content-Length: 2')],
    ['a list of two lengths', head('Content-Length: 1, 2')],
    ['a list and another length', head('Content-Length: 1, 1', 'Content-Length: 2')],
    ['a length and nothing', head('Content-Length: 1,')],
    ['a length spelled twice', head('Content-Length: 1', 'Content-Length: 01')],
    ['a negative length', head('Content-Length: -1')],
    ['a length with a sign', head('Content-Length: +1')],
    ['an empty length', head('Content-Length:')],
    ['length and chunks', head('Content-Length: 2', 'Transfer-Encoding: chunked')],
    ['another coding', head('Transfer-Encoding: gzip')],
    ['another coding before the chunks', head('Transfer-Encoding: gzip', 'Transfer-Encoding: chunked')],
    ['a coding behind identity', head('Transfer-Encoding: identity, gzip')],
    ['a coding with a parameter', head('Transfer-Encoding: chunked;q=1')],
    ['no coding', head('Transfer-Encoding:')],
    ['a length beside two chunked', head('Transfer-Encoding: chunked, chunked', 'Content-Length: 2')],
    ['a size that is none', `${chunks}zz\r\n`],
    ['a size with a sign', `${chunks}-1\r\n`],
    ['a size in the other notation', `${chunks}0x2\r\nok\r\n`],
    ['no size', `${chunks}\r\n`],
    ['a size beyond counting', `${chunks}${'f'.repeat(16)}\r\n`],
    ['a chunk longer than it said', `${chunks}2\r\nokay\r\n`],
    ['a control byte in an extension', `${chunks}2;\x00\r\nok\r\n`],
    ['bytes behind the end', `${head('Content-Length: 2')}okHTTP/1.1 200 OK\r\n`],
    ['endless headers', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}`],
    ['an endless extension', `${chunks}2;${'x'.repeat(20_000)}`],
    ['endless trailers', `${chunks}0\r\n${'X: y\r\n'.repeat(4_000)}`]
  ]
  for (const [title, text] of table) {
    const pieces = text.match(/.{1,60000}/gs)!.map(bytes)
    t.throws(() => read(pieces), InvalidResponseError, title)
    const single = Array.from(text.slice(0, 2_000), byte => bytes(byte))
    if (text.length <= 2_000) t.throws(() => read(single), InvalidResponseError, `${title}, byte by byte`)
  }
  t.throws(() => new ResponseParser().feed(bytes('x')), InvalidResponseError, 'before anything was asked')
  t.end()
})

t.test('an end in the middle is no end', t => {
  for (const text of [
    '',
    'HTTP/1.1 200 OK\r\nContent-Le',
    'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n'
  ])
    t.equal(read([bytes(text)], 'GET', true).isComplete, false, JSON.stringify(text))
  t.end()
})

t.test('property: any reply reads the same however it is cut into pieces', t => {
  const chunk = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 300 })
    .map(text => Buffer.from(text).toString('latin1'))
  const reply = fc
    .array(chunk, { maxLength: 6 })
    .chain(parts =>
      fc
        .constantFrom(
          `HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: ${parts.join('').length}\r\n\r\n${parts.join('')}`,
          `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${parts
            .map(part => `${part.length.toString(16)};x\r\n${part}\r\n`)
            .join('')}0\r\nA: b\r\n\r\n`
        )
        .map(text => ({ text, body: parts.join('') }))
    )
  fc.assert(
    fc.property(
      reply,
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 50 }),
      ({ text, body }, cuts) => {
        const pieces: Buffer[] = []
        for (let at = 0, i = 0; at < text.length; i++) {
          const length = cuts[i % cuts.length]!
          pieces.push(bytes(text.slice(at, at + length)))
          at += length
        }
        const result = read(pieces)
        return result.body === body && result.isComplete && result.heads.length === 1
      }
    ),
    { numRuns: cases(500) }
  )
  t.end()
})

t.test('property: what is put right reads as the clean reply does, however its lines end, fold and are cut', t => {
  const lines = fc.array(
    fc.constantFrom(
      'X-A: b',
      'X-A: c\r\n d',
      'nonsense',
      'X Y: 1',
      ': x',
      'Content-Length: 5',
      'Content-Length: 5, 5',
      'Date:\tnow '
    ),
    { maxLength: 6 }
  )
  const ends = fc.array(fc.boolean(), { minLength: 1, maxLength: 9 })
  const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(lines, ends, cuts, (lines, ends, cuts) => {
      let i = 0
      const text = ['HTTP/1.1  200 OK', ...lines, 'X-Last: 1', '', ''].join('\r\n')
      const loose = `${text.replace(/\r\n/g, () => (ends[i++ % ends.length] ? '\n' : '\r\n'))}hello`
      const clean = lines.filter(line => !/^nonsense|^X Y|^:|^Content/.test(line)).map(line => line.replace('\r\n', ''))
      const wanted = [...clean, 'X-Last: 1'].flatMap(line => [
        line.slice(0, line.indexOf(':')),
        line.slice(line.indexOf(':') + 1).trim()
      ])
      const pieces: Buffer[] = []
      for (let at = 0, i = 0; at < loose.length; at += cuts[i++ % cuts.length]!)
        pieces.push(bytes(loose.slice(at, at + cuts[i % cuts.length]!)))
      const { heads, body } = read(pieces, 'GET', true)
      const headers = heads[0]!.headers.join('|').replace(/Content-Length\|5\|/, '')
      return heads.length === 1 && body === 'hello' && heads[0]!.keptMs === 0 && headers === wanted.join('|')
    }),
    { numRuns: cases(500) }
  )
  t.end()
})
