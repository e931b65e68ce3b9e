/** Messages with two ends, or none: the corpora of THREATS F1 to F4. */

/** The gadgets of smuggler.py (github.com/defparam/smuggler, configs default and exhaustive, MIT), by name. */
export function teGadgets(): Map<string, string> {
  const gadgets = new Map<string, string>(
    Object.entries({
      nameprefix1: ' Transfer-Encoding: chunked',
      tabprefix1: 'Transfer-Encoding:\tchunked',
      tabprefix2: 'Transfer-Encoding\t:\tchunked',
      spacejoin1: 'Transfer Encoding: chunked',
      underjoin1: 'Transfer_Encoding: chunked',
      dotjoin1: 'Transfer.Encoding: chunked',
      smashed: 'Transfer Encoding:chunked',
      space1: 'Transfer-Encoding : chunked',
      valueprefix1: 'Transfer-Encoding:  chunked',
      vertprefix1: 'Transfer-Encoding:\x0bchunked',
      commaCow: 'Transfer-Encoding: chunked, cow',
      cowComma: 'Transfer-Encoding: cow, chunked',
      contentEnc: 'Content-Encoding: chunked',
      linewrapped1: 'Transfer-Encoding:\n chunked',
      quoted: 'Transfer-Encoding: "chunked"',
      aposed: "Transfer-Encoding: 'chunked'",
      lazygrep: 'Transfer-Encoding: chunk',
      sarcasm: 'TrAnSFer-EnCODinG: cHuNkeD',
      yelling: 'TRANSFER-ENCODING: CHUNKED',
      '0dsuffix': 'Transfer-Encoding: chunked\r',
      tabsuffix: 'Transfer-Encoding: chunked\t',
      revdualchunk: 'Transfer-Encoding: cow\r\nTransfer-Encoding: chunked',
      '0dspam': 'Transfer\r-Encoding: chunked',
      nested: 'Transfer-Encoding: cow chunked bar',
      accentCH: 'Transfer-Encoding: ch\x96nked',
      accentTE: 'Transf\x82r-Encoding: chunked',
      'x-rout': 'X:X\rTransfer-Encoding: chunked',
      'x-nout': 'X:X\nTransfer-Encoding: chunked'
    })
  )
  // Of the bytes beyond ASCII a few: they are alike to every parser.
  const beyond = [0x7f, 0x80, 0x85, 0x8a, 0x8d, 0x96, 0xa0, 0xad, 0xc4, 0xff]
  for (const code of [...Array.from({ length: 0x20 }, (_, i) => i + 1), ...beyond]) {
    const byte = String.fromCharCode(code)
    const of = (name: string, gadget: string) => gadgets.set(`${name}-${code.toString(16)}`, gadget)
    of('midspace', `Transfer-Encoding:${byte}chunked`)
    of('postspace', `Transfer-Encoding${byte}: chunked`)
    of('prespace', `${byte}Transfer-Encoding: chunked`)
    of('endspace', `Transfer-Encoding: chunked${byte}`)
    if (![0x1, 0x4, 0x8, 0x9, 0xa, 0xb, 0xc, 0xd, 0x1f, 0x20, 0x7f, 0xa0, 0xff].includes(code)) continue
    of('xprespace', `X: X${byte}Transfer-Encoding: chunked`)
    of('endspacex', `Transfer-Encoding: chunked${byte}X: X`)
    of('rxprespace', `X: X\r${byte}Transfer-Encoding: chunked`)
    of('xnprespace', `X: X${byte}\nTransfer-Encoding: chunked`)
    of('endspacerx', `Transfer-Encoding: chunked\r${byte}X: X`)
    of('endspacexn', `Transfer-Encoding: chunked${byte}\nX: X`)
  }
  return gadgets
}

/** Codings below chunks, which Node accepts and leaves in the body. */
export const codingsBelow = ['gzip, chunked', 'deflate,Chunked', 'identity, chunked', 'x, gzip, chunked']

/** Header lines of a POST with the body `hello`. */
export const brokenLines = [
  ...['Transfer-Encoding: chunked, cow', 'Transfer-Encoding: xchunked', 'Transfer-Encoding: identity'],
  ...['Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', 'Transfer-Encoding: chunked, chunked'],
  ...[
    'Transfer-Encoding: gzip, chunked\r\nContent-Length: 3',
    'Transfer-Encoding:\r\n chunked',
    'Transfer-Encoding : chunked'
  ],
  ...[
    'Transfer-Encoding\t: chunked',
    'Transfer-Encoding: chunked\r\nContent-Length: 5',
    'Content-Length: 5\r\nTransfer-Encoding: chunked'
  ],
  ...['Content-Length: 1 2', 'Content-Length: +5', 'Content-Length: -1', 'Content-Length: 0x5', 'Content-Length: 5, 5'],
  ...[
    'Content-Length: 5\r\nContent-Length: 5',
    'Content-Length: 5\r\nContent-Length: 6',
    'Content-Length : 5',
    'Content-Length:'
  ],
  ...['Content-Length: 5.0', 'Content-Length: 99999999999999999999', 'Content-Length: 5\x0b', 'Content\rLength: 5'],
  ...[' Content-Length: 5', '\tContent-Length: 5', 'X: a\r\n Content-Length: 5', 'X: a\rb', 'X: a\nContent-Length: 5'],
  ...[
    'X\r: y',
    'NoColon',
    ': empty',
    'X Y: z',
    'X: a\x00b',
    'X\x00: b',
    'X: a\x01b',
    '\rX: y',
    'X: y\r\n\rX',
    'X\xe4: y',
    '"X": y'
  ]
]

/** Request lines. */
export const brokenStarts = [
  // Node's parser passes them on as methods that no router knows.
  ...['DESCRIBE / RTSP/1.0', 'GET_PARAMETER / RTSP/1.0', 'ANNOUNCE /.factorgate/login RTSP/1.0', 'PRI /', 'SETUP /'],
  ...['POST / HTTP/1.1 X', 'POST /', 'POST / HTTP/2.0', 'POST / HTTP/1.1\nX: y', 'POST / HTTP/1.1\rX: y'],
  ...[
    'POST / http/1.1',
    'POST\t/\tHTTP/1.1',
    ' POST / HTTP/1.1',
    'POST / HTTP/1.10',
    'POST / HTTP/01.1',
    'PO ST / HTTP/1.1'
  ]
]

/** Bodies in chunks. */
export const brokenBodies = [
  ...[
    '5\r\r\nhello\r\n0\r\n\r\n',
    '5\nhello\r\n0\r\n\r\n',
    '5;\x00\r\nhello\r\n0\r\n\r\n',
    '0x5\r\nhello\r\n0\r\n\r\n',
    '5 5\r\nhello\r\n0\r\n\r\n'
  ],
  ...[
    '-5\r\nhello\r\n0\r\n\r\n',
    'FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n',
    '5\r\nhelloX\r\n0\r\n\r\n',
    '5\r\nhello\r0\r\n\r\n',
    '\r\n5\r\nhello\r\n0\r\n\r\n'
  ],
  ...[
    '5;a\nb\r\nhello\r\n0\r\n\r\n',
    '5\r\nhello\r\n0\r\nX\r\n\r\n',
    '5\r\nhello\r\n0\r\n X: y\r\n\r\n',
    '5\r\nhello\r\n0\r\rX',
    '5\r\nhello\n0\r\n\r\n',
    ';\r\n\r\n'
  ]
]
