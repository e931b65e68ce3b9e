/**
 * Malformed HTTP/1, class by class after the grammar of RFC 9112 and RFC 9110: requests that every reader must refuse. Only what Node's
 * parser refuses is here.
 */
export interface Invalid {
  readonly title: string
  /** What Node 20 calls it. Other versions may use other words. */
  readonly error: string
  /** Where in the message the parser finds out. */
  readonly stage: 'head' | 'body' | 'after'
  /** Bytes as latin-1; HOST and COOKIE stand for those of somebody who may ask. */
  readonly request: string
}

type Rows = readonly (readonly [title: string, error: string, bytes: string])[]

const about = 'Host: HOST\r\nCookie: COOKIE'
const post = (lines: string, body: string) => `POST /f3 HTTP/1.1\r\n${about}\r\n${lines}\r\n\r\n${body}`
const wholeRequest = (line: string) => `${line}\r\n${about}\r\n\r\n`
const withLines = (lines: string) => `GET /f3 HTTP/1.1\r\n${about}\r\n${lines}\r\n\r\n`
const withLength = (lines: string) => post(lines, 'hello')
const withCoding = (lines: string) => post(lines, '5\r\nhello\r\n0\r\n\r\n')
const withChunks = (body: string) => post('Transfer-Encoding: chunked', body)
const withMore = (lines: string) => post(`${lines}\r\nContent-Length: 5`, 'helloPOST /f3/more HTTP/1.1\r\n')

const of = (stage: Invalid['stage'], toRequest: (bytes: string) => string, rows: Rows): Invalid[] =>
  rows.map(([title, error, bytes]) => ({ title, error, stage, request: toRequest(bytes) }))
const raw = (bytes: string) => bytes

/** RFC 9112 §3: method SP request-target SP HTTP-version. */
const requestLines: Rows = [
  ['a method that nobody registered', 'Invalid method encountered', 'FETCH /f3 HTTP/1.1'],
  ['a method in lower case', 'Invalid method encountered', 'get /f3 HTTP/1.1'],
  ['a method with one letter more', 'Expected space after method', 'GETS /f3 HTTP/1.1'],
  ['a method with one letter less', 'Invalid method encountered', 'GE /f3 HTTP/1.1'],
  ['a method in quotes', 'Invalid method encountered', '"GET" /f3 HTTP/1.1'],
  ['a method behind a NUL', 'Invalid method encountered', '\x00GET /f3 HTTP/1.1'],
  ['a method behind a byte order mark', 'Invalid method encountered', '\xef\xbb\xbfGET /f3 HTTP/1.1'],
  ['a method of a protocol for cameras', 'Invalid method for HTTP/x.x request', 'ANNOUNCE /f3 HTTP/1.1'],
  ['no method', 'Invalid method encountered', '/f3 HTTP/1.1'],
  ['no target', 'Unexpected char in url schema', 'GET HTTP/1.1'],
  ['a target without a slash', 'Unexpected char in url schema', 'GET f3 HTTP/1.1'],
  ['a target that is only a query', 'Unexpected start char in url', 'GET ?f3 HTTP/1.1'],
  ['a target with a backslash for a slash', 'Unexpected start char in url', 'GET \\f3 HTTP/1.1'],
  ['a scheme with one slash', 'Unexpected char in url schema', 'GET http:/f3 HTTP/1.1'],
  ['a blank in the target', 'Expected HTTP/, RTSP/ or ICE/', 'GET /f3/a b HTTP/1.1'],
  ['a TAB in the target', 'Invalid characters in url', 'GET /f3/a\tb HTTP/1.1'],
  ['a NUL in the target', 'Invalid char in url path', 'GET /f3/a\x00b HTTP/1.1'],
  ['a DEL in the target', 'Invalid char in url path', 'GET /f3/a\x7fb HTTP/1.1'],
  ['a letter beyond ASCII in the target', 'Invalid char in url path', 'GET /f3/\xc3\xa4 HTTP/1.1'],
  ['an escape byte in the query', 'Invalid char in url query', 'GET /f3?a=\x1b HTTP/1.1'],
  ['a control byte in the fragment', 'Invalid char in url fragment start', 'GET /f3#\x01 HTTP/1.1'],
  ['a bare CR in the target', 'Expected CRLF', 'GET /f3\rb HTTP/1.1'],
  ['a line end in the target', 'Invalid header token', 'GET /f3\r\nb HTTP/1.1'],
  ['a version in lower case', 'Expected HTTP/, RTSP/ or ICE/', 'GET /f3 http/1.1'],
  ['a version of another protocol', 'Expected HTTP/, RTSP/ or ICE/', 'GET /f3 HTTPS/1.1'],
  ['a version of a protocol for radio', 'Expected SOURCE method for ICE/x.x request', 'GET /f3 ICE/1.0'],
  ['a version that there never was', 'Invalid HTTP version', 'GET /f3 HTTP/1.2'],
  ['a version without a dot', 'Expected dot', 'GET /f3 HTTP/11'],
  ['a version with a comma', 'Expected dot', 'GET /f3 HTTP/1,1'],
  ['a version without its second number', 'Invalid minor version', 'GET /f3 HTTP/1.'],
  ['a version with a third number', 'Expected CRLF after version', 'GET /f3 HTTP/1.1.1'],
  ['a version with a sign', 'Invalid major version', 'GET /f3 HTTP/-1.1'],
  ['a blank inside the version', 'Expected HTTP/, RTSP/ or ICE/', 'GET /f3 HTTP /1.1'],
  ['a second target behind the version', 'Expected CRLF after version', 'GET /f3 HTTP/1.1 /other'],
  ['a blank behind the version', 'Expected CRLF after version', 'GET /f3 HTTP/1.1 '],
  ['a blank before the method', 'Invalid method encountered', ' GET /f3 HTTP/1.1'],
  ['a TAB for the first blank', 'Expected space after method', 'GET\t/f3 HTTP/1.1'],
  ['a form feed for the second blank', 'Invalid characters in url', 'GET /f3\x0cHTTP/1.1'],
  ['a no-break space for the first blank', 'Expected space after method', 'GET\xa0/f3 HTTP/1.1'],
  ['an empty line and garbage before it', 'Invalid method encountered', '\r\n*GET /f3 HTTP/1.1'],
  ['two empty lines and a blank before it', 'Invalid method encountered', '\r\n\r\n GET /f3 HTTP/1.1']
]

/** RFC 9112 §2.2: where lines and the head end. */
const lineEnds: Rows = [
  ['a bare LF behind the request line', 'Expected CRLF after version', `GET /f3 HTTP/1.1\n${about}\r\n\r\n`],
  ['a bare CR behind the request line', 'Expected CRLF after version', `GET /f3 HTTP/1.1\r${about}\r\n\r\n`],
  ['two CR behind the request line', 'Expected CRLF after version', `GET /f3 HTTP/1.1\r\r\n${about}\r\n\r\n`],
  ['LF before CR behind the request line', 'Expected CRLF after version', `GET /f3 HTTP/1.1\n\r${about}\r\n\r\n`],
  ['nothing but LF', 'Expected CRLF after version', wholeRequest('GET /f3 HTTP/1.1').replaceAll('\r\n', '\n')],
  ['nothing but CR', 'Expected CRLF after version', wholeRequest('GET /f3 HTTP/1.1').replaceAll('\r\n', '\r')],
  ['a blank before the first header', 'Unexpected space after start line', `GET /f3 HTTP/1.1\r\n ${about}\r\n\r\n`],
  ['a TAB before the first header', 'Invalid header token', `GET /f3 HTTP/1.1\r\n\t${about}\r\n\r\n`],
  ['a head that ends in two LF', 'Missing expected CR after header value', `GET /f3 HTTP/1.1\r\n${about}\n\n`],
  ['a head that ends in a bare LF', 'Invalid header field char', `GET /f3 HTTP/1.1\r\n${about}\r\n\n`],
  ['a head that ends in a bare CR', 'Expected LF after headers', `GET /f3 HTTP/1.1\r\n${about}\r\n\rX`],
  ['a head that ends in one CR too many', 'Expected LF after headers', `GET /f3 HTTP/1.1\r\n${about}\r\n\r\r\n`],
  ['a fold behind Host', 'Unexpected whitespace after header value', `GET /f3 HTTP/1.1\r\nHost: HOST\r\n .x\r\n\r\n`],
  ['the greeting of HTTP/2', 'Pause on PRI/Upgrade', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['the greeting of TLS', 'Invalid method encountered', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03']
]

/** RFC 9112 §5, RFC 9110 §5.5 and §5.6.2: token ":" OWS field-value OWS. */
const headerLines: Rows = [
  ['a line without a colon', 'Invalid header token', 'X-Note yes'],
  ['a name alone', 'Invalid header token', 'X-Note'],
  ['a second request line', 'Invalid header token', 'GET /other HTTP/1.1'],
  ['an empty name', 'Invalid header token', ': value'],
  ['a name as HTTP/2 has them', 'Invalid header token', ':authority: other'],
  ['a blank before the colon', 'Invalid header token', 'Accept : */*'],
  ['a TAB before the colon', 'Invalid header token', 'Accept\t: */*'],
  ['a blank inside a name', 'Invalid header token', 'Remote User: root'],
  ...[...'()<>@,;\\"/[]?={}'].map(
    mark => [`the mark ${mark} inside a name`, 'Invalid header token', `Remote${mark}User: root`] as const
  ),
  ['a NUL inside a name', 'Invalid header token', 'Remote\x00User: root'],
  ['a control byte inside a name', 'Invalid header token', 'Remote\x08User: root'],
  ['a DEL inside a name', 'Invalid header token', 'Remote\x7fUser: root'],
  ['a letter beyond ASCII inside a name', 'Invalid header token', 'Remote\xfcUser: root'],
  ['a bare CR inside a name', 'Invalid header token', 'Remote\rUser: root'],
  ['a bare LF inside a name', 'Invalid header token', 'Remote\nUser: root'],
  ['a bare CR before a name', 'Expected LF after headers', '\rRemote-User: root'],
  ['a name over two lines', 'Invalid header token', 'Remote-\r\n User: root'],
  ['a colon on the next line', 'Invalid header token', 'Remote-User\r\n: root'],
  ['a value folded by a blank', 'Unexpected whitespace after header value', 'X-Note: one\r\n two'],
  ['a value folded by a TAB', 'Unexpected whitespace after header value', 'X-Note: one\r\n\ttwo'],
  ['a fold with nothing in it', 'Unexpected whitespace after header value', 'X-Note: one\r\n \r\nX: y'],
  ['a fold behind an empty value', 'Invalid header value char', 'X-Note:\r\n two'],
  ['a fold behind a bare LF', 'Missing expected CR after header value', 'X-Note: one\n two'],
  ['a NUL inside a value', 'Invalid header value char', 'X-Note: a\x00b'],
  ['a value that is a NUL', 'Invalid header value char', 'X-Note: \x00'],
  ['a backspace inside a value', 'Invalid header value char', 'X-Note: a\x08b'],
  ['a vertical tab inside a value', 'Invalid header value char', 'X-Note: a\x0bb'],
  ['a form feed behind a value', 'Invalid header value char', 'X-Note: a\x0c'],
  ['an escape sequence for a value', 'Invalid header value char', 'X-Note: \x1b[2J'],
  ['a DEL behind a value', 'Invalid header value char', 'X-Note: a\x7f'],
  ['a bare CR inside a value', 'Missing expected LF after header value', 'X-Note: a\rRemote-User: root'],
  ['a bare CR behind a value', 'Missing expected LF after header value', 'X-Note: a\r'],
  ['a bare LF behind a value', 'Missing expected CR after header value', 'X-Note: a\nRemote-User: root'],
  ['LF before CR behind a value', 'Missing expected CR after header value', 'X-Note: a\n\rRemote-User: root'],
  ['a bare CR for a value', 'Expected LF after CR', 'X-Note:\rRemote-User: root'],
  ['a bare LF for a value', 'Invalid header value char', 'X-Note:\nRemote-User: root'],
  ['a Connection with a CR for a dash', 'Missing expected LF after header value', 'Connection: keep\ralive'],
  [
    'a folded Connection',
    'Unexpected whitespace after header value',
    'Connection: close,\r\n Upgrade\r\nUpgrade: websocket'
  ],
  ['a blank behind Connection', 'Invalid header field char', 'Connection : Upgrade\r\nUpgrade: websocket'],
  ['a TAB behind Upgrade', 'Invalid header token', 'Connection: Upgrade\r\nUpgrade\t: websocket'],
  ['an Upgrade on its second line', 'Invalid header value char', 'Connection: Upgrade\r\nUpgrade:\r\n websocket'],
  ['an Upgrade with a NUL', 'Invalid header value char', 'Connection: Upgrade\r\nUpgrade: web\x00socket'],
  ['an Upgrade behind a bare LF', 'Missing expected CR after header value', 'Connection: Upgrade\nUpgrade: websocket']
]

const badLength = 'Invalid character in Content-Length'
const lengthFirst = "Transfer-Encoding can't be present with Content-Length"
const codingFirst = "Content-Length can't be present with Transfer-Encoding"

/** RFC 9110 §8.6: 1*DIGIT, once. */
const lengths: Rows = [
  ['a length with a plus', badLength, 'Content-Length: +5'],
  ['a length below zero', badLength, 'Content-Length: -5'],
  ['a length of minus nothing', badLength, 'Content-Length: -0'],
  ['a length in hex', badLength, 'Content-Length: 0x5'],
  ['a length in words', badLength, 'Content-Length: five'],
  ['a length with a fraction', badLength, 'Content-Length: 5.0'],
  ['a length with an exponent', badLength, 'Content-Length: 5e0'],
  ['a length with an underscore', badLength, 'Content-Length: 5_0'],
  ['a length in quotes', badLength, 'Content-Length: "5"'],
  ['a length with a blank inside', badLength, 'Content-Length: 5 0'],
  ['a length with a TAB inside', badLength, 'Content-Length: 5\t0'],
  ['a length with a vertical tab behind it', badLength, 'Content-Length: 5\x0b'],
  ['a length in a digit beyond ASCII', badLength, 'Content-Length: \xb2'],
  ['a list of one length twice', badLength, 'Content-Length: 5, 5'],
  ['a list of two lengths', badLength, 'Content-Length: 5,0'],
  ['a list that begins with nothing', badLength, 'Content-Length: ,5'],
  ['an empty length', 'Empty Content-Length', 'Content-Length:'],
  ['a length of blanks', 'Empty Content-Length', 'Content-Length:   '],
  ['an empty length and a good one', 'Empty Content-Length', 'Content-Length:\r\nContent-Length: 5'],
  ['a length of two to the 64th', 'Content-Length overflow', 'Content-Length: 18446744073709551616'],
  ['a length that is 5 once it has gone round', 'Content-Length overflow', 'Content-Length: 18446744073709551621'],
  ['one length twice', 'Duplicate Content-Length', 'Content-Length: 5\r\nContent-Length: 5'],
  ['two lengths in different letters', 'Duplicate Content-Length', 'content-length: 0\r\nX: y\r\nCONTENT-LENGTH: 5'],
  ['a folded length', 'Unexpected whitespace after header value', 'Content-Length: 5\r\n 0'],
  ['two lengths of an upgrade', 'Duplicate Content-Length', 'Upgrade: x\r\nContent-Length: 5\r\nContent-Length: 0']
]

const badCoding = 'Invalid `Transfer-Encoding` header value'
const otherCoding = 'Request has invalid `Transfer-Encoding`'

/** RFC 9112 §6.1 and §6.3: chunked is last and stands once; never beside a length. */
const codings: Rows = [
  ['a length, then chunks', lengthFirst, 'Content-Length: 15\r\nTransfer-Encoding: chunked'],
  ['chunks, then a length', codingFirst, 'Transfer-Encoding: chunked\r\nContent-Length: 15'],
  ['a length, then chunks, in small letters', lengthFirst, 'content-length: 15\r\ntransfer-encoding: chunked'],
  ['chunks, then a length, in capitals', codingFirst, 'TRANSFER-ENCODING: CHUNKED\r\nCONTENT-LENGTH: 15'],
  ['chunks, something, no length', codingFirst, 'tRANSFER-eNCODING: cHUNKED\r\nX: y\r\ncONTENT-lENGTH: 0'],
  ['a length, then identity', lengthFirst, 'Content-Length: 15\r\nTransfer-Encoding: identity'],
  ['a length, then an empty coding', lengthFirst, 'Content-Length: 15\r\nTransfer-Encoding:'],
  ['gzip, then a length', codingFirst, 'Transfer-Encoding: gzip\r\nContent-Length: 15'],
  ['an upgrade with both', lengthFirst, 'Upgrade: x\r\nContent-Length: 15\r\nTransfer-Encoding: chunked'],
  ['gzip behind chunked', badCoding, 'Transfer-Encoding: chunked, gzip'],
  ['gzip on both sides of chunked', badCoding, 'Transfer-Encoding: gzip,chunked,gzip'],
  ['identity behind chunked', badCoding, 'Transfer-Encoding: chunked, identity'],
  ['nothing behind chunked and a comma', badCoding, 'Transfer-Encoding: chunked,'],
  ['chunked twice in a list', badCoding, 'Transfer-Encoding: chunked, chunked'],
  ['chunked twice in two lines', badCoding, 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'],
  ['gzip a line below chunked', badCoding, 'Transfer-Encoding: chunked\r\ntransfer-encoding: gzip'],
  ['chunked on its second line', 'Invalid header value char', 'Transfer-Encoding:\r\n chunked'],
  ['a NUL inside chunked', 'Invalid header value char', 'Transfer-Encoding: ch\x00unked'],
  ['a vertical tab before chunked', 'Invalid header value char', 'Transfer-Encoding: \x0bchunked']
]

const otherCodings: Rows = [
  ['a letter before chunked', otherCoding, 'Transfer-Encoding: xchunked'],
  ['a letter behind chunked', otherCoding, 'Transfer-Encoding: chunkedx'],
  ['half of chunked', otherCoding, 'Transfer-Encoding: chunk'],
  ['chunked twice without a comma', otherCoding, 'Transfer-Encoding: chunked chunked'],
  ['chunked in quotes', otherCoding, 'Transfer-Encoding: "chunked"'],
  ['chunked between apostrophes', otherCoding, "Transfer-Encoding: 'chunked'"],
  ['chunked with a weight', otherCoding, 'Transfer-Encoding: chunked;q=1'],
  ['chunked with a no-break space', otherCoding, 'Transfer-Encoding: chunked\xa0'],
  ['chunked behind a semicolon', otherCoding, 'Transfer-Encoding: gzip;chunked'],
  ['gzip alone', otherCoding, 'Transfer-Encoding: gzip'],
  ['identity alone', otherCoding, 'Transfer-Encoding: identity'],
  ['gzip and identity in two lines', otherCoding, 'Transfer-Encoding: gzip\r\nTransfer-Encoding: identity']
]

const badSize = 'Invalid character in chunk size'
const badName = 'Invalid character in chunk extensions name'
const badValue = 'Invalid character in chunk extensions value'
const badQuoted = 'Invalid character in chunk extensions quoted value'

/** RFC 9112 §7.1: chunk-size [ chunk-ext ] CRLF chunk-data CRLF, and the trailer. */
const chunks: Rows = [
  ['no size', badSize, '\r\nhello\r\n0\r\n\r\n'],
  ['a size that is no hex', badSize, 'g\r\nhello\r\n0\r\n\r\n'],
  ['a size with a plus', badSize, '+5\r\nhello\r\n0\r\n\r\n'],
  ['a size below zero', badSize, '-1\r\nhello\r\n0\r\n\r\n'],
  ['a size with 0x', badSize, '0x5\r\nhello\r\n0\r\n\r\n'],
  ['a size in quotes', badSize, '"5"\r\nhello\r\n0\r\n\r\n'],
  ['a size with a blank before it', badSize, ' 5\r\nhello\r\n0\r\n\r\n'],
  ['a size with a blank behind it', badSize, '5 \r\nhello\r\n0\r\n\r\n'],
  ['a size with a TAB behind it', badSize, '5\t\r\nhello\r\n0\r\n\r\n'],
  ['a size with a NUL behind it', badSize, '5\x00\r\nhello\r\n0\r\n\r\n'],
  ['a list of sizes', badSize, '5,5\r\nhello\r\n0\r\n\r\n'],
  ['a size that is 5 once it has gone round', 'Chunk size overflow', '10000000000000005\r\nhello\r\n0\r\n\r\n'],
  ['a bare LF behind a size', 'Missing expected CR after chunk size', '5\nhello\r\n0\r\n\r\n'],
  ['a bare CR behind a size', 'Expected LF after chunk size', '5\rhello\r\n0\r\n\r\n'],
  ['an empty line behind a size', 'Expected LF after chunk data', '5\r\n\r\nhello\r\n0\r\n\r\n'],
  ['no line end behind the data', 'Expected LF after chunk data', '5\r\nhello0\r\n\r\n'],
  ['more data than the size says', 'Expected LF after chunk data', '5\r\nhello!\r\n0\r\n\r\n'],
  ['less data than the size says', 'Missing expected CR after chunk data', '5\r\nhell\r\n0\r\n\r\n'],
  ['a bare LF behind the data', 'Missing expected CR after chunk data', '5\r\nhello\n0\r\n\r\n'],
  ['a bare CR behind the data', 'Expected LF after chunk data', '5\r\nhello\r0\r\n\r\n'],
  ['an extension without a semicolon', badSize, '5 a=b\r\nhello\r\n0\r\n\r\n'],
  ['a semicolon without an extension', 'Invalid character in chunk extensions', '5;\r\nhello\r\n0\r\n\r\n'],
  ['a blank in the name of an extension', badName, '5;a b\r\nhello\r\n0\r\n\r\n'],
  ['a NUL in the name of an extension', badName, '5;a\x00\r\nhello\r\n0\r\n\r\n'],
  ['a brace in the name of an extension', badName, '5;{a}=b\r\nhello\r\n0\r\n\r\n'],
  ['a blank in the value of an extension', badValue, '5;a=b c\r\nhello\r\n0\r\n\r\n'],
  ['a second equals sign in an extension', badValue, '5;a==b\r\nhello\r\n0\r\n\r\n'],
  ['a control byte in a quoted extension', badQuoted, '5;a="b\x01"\r\nhello\r\n0\r\n\r\n'],
  ['an LF in a quoted extension', badQuoted, '5;a="b\nc"\r\nhello\r\n0\r\n\r\n'],
  ['a quote that is never closed', badQuoted, '5;a="b\r\nhello\r\n0\r\n\r\n'],
  ['a bare LF behind an extension', 'Missing expected CR after chunk extension value', '5;a=b\nhello\r\n0\r\n\r\n'],
  ['a bare CR inside an extension', 'Expected LF after chunk size', '5;a\rb\r\nhello\r\n0\r\n\r\n'],
  ['a very long extension', 'Chunk extensions overflow', `5;a=${'b'.repeat(17_000)}\r\nhello\r\n0\r\n\r\n`],
  ['no last chunk', badSize, '5\r\nhello\r\n\r\n'],
  ['a last chunk below zero', badSize, '5\r\nhello\r\n-0\r\n\r\n'],
  ['a last chunk that ends in LF', 'Missing expected CR after chunk size', '5\r\nhello\r\n0\n\n'],
  ['a last line end that is a bare LF', 'Invalid header field char', '5\r\nhello\r\n0\r\n\n'],
  ['a last line end that is a bare CR', 'Expected LF after headers', '5\r\nhello\r\n0\r\n\rX'],
  ['a trailer without a colon', 'Invalid header token', '5\r\nhello\r\n0\r\nX\r\n\r\n'],
  ['a folded trailer', 'Unexpected whitespace after header value', '5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n'],
  ['a NUL in a trailer', 'Invalid header value char', '5\r\nhello\r\n0\r\nX: \x00\r\n\r\n'],
  ['a length in a trailer', codingFirst, '5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n'],
  ['a coding in a trailer', badCoding, '5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n']
]

const closed = 'Data after `Connection: close`'

/** RFC 9112 §9.6: whoever says `close` sends no more. */
const closings: Rows = [
  ['more behind close', closed, 'Connection: close'],
  ['more behind CLOSE at the end of a list', closed, 'Connection: x, CLOSE'],
  ['more behind close beside keep-alive', closed, 'Connection: keep-alive, close'],
  ['more behind close a line above keep-alive', closed, 'Connection: close\r\nConnection: keep-alive'],
  ['more behind close with a TAB before it', closed, 'Connection:\tclose'],
  ['half a request behind close with a TAB behind it', 'Invalid EOF state', 'Connection: close\t']
]

export const invalid: readonly Invalid[] = [
  ...of('head', wholeRequest, requestLines),
  ...of('head', raw, lineEnds),
  ...of('head', withLines, headerLines),
  ...of('head', withLength, lengths),
  ...of('head', withCoding, codings),
  ...of('body', withCoding, otherCodings),
  ...of('body', withChunks, chunks),
  ...of('after', withMore, closings),
  ...of('after', raw, [
    ['more behind HTTP/1.0', closed, `GET /f3 HTTP/1.0\r\n${about}\r\n\r\nGET /f3/more HTTP/1.1\r\n`],
    ['a NUL behind HTTP/1.0', closed, `GET /f3 HTTP/1.0\r\n${about}\r\n\r\n\x00`]
  ])
]
