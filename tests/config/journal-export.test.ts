/** `journal.export`: what it loads to, and what is wrong with it. */
import path from 'node:path'
import t from 'tap'
import { read, said } from './read.ts'

const withExport = (text: string) => `journal: { export: [{ id: siem, ${text} }] }`

const targets: readonly (readonly [text: string, target: object])[] = [
  ['syslog+tls://logs.lab.example', { kind: 'syslog', transport: 'tls', host: 'logs.lab.example', port: 6514 }],
  ['syslog+tls://[2001:db8::1]:1514', { kind: 'syslog', transport: 'tls', host: '2001:db8::1', port: 1514 }],
  ['syslog+udp://127.0.0.1', { kind: 'syslog', transport: 'udp', port: 514 }],
  ['https://logs.lab.example/in?x=1', { kind: 'collector', url: 'https://logs.lab.example/in?x=1', isSecure: true }],
  ['http://127.0.0.1:9/in', { kind: 'collector', isSecure: false, host: '127.0.0.1' }],
  ['file:/var/log/out.ndjson', { kind: 'file', path: '/var/log/out.ndjson' }]
]
for (const [text, target] of targets)
  t.test(`${text} is a destination`, async t => {
    const loaded = read(withExport(`to: "${text}"`))
    if (loaded.kind !== 'ok') return t.fail(said(loaded).join('\n'))
    t.match(loaded.config.journal.export, [
      { id: 'siem', to: target, format: 'ocsf', kinds: [], ca: null, tokenFile: null, gzip: false, unsafePlain: false }
    ])
    return t.equal(path.basename(loaded.config.journal.file), 'journal.jsonl')
  })

const mistakes: readonly (readonly [text: string, message: RegExp])[] = [
  ['to: syslog://logs.lab.example', /must say how: syslog\+tls:\/\//],
  ['to: "syslog+tls://logs.lab.example/path"', /and nothing more/],
  ['to: "ftp://logs.lab.example"', /must be syslog\+tls/],
  ['to: "file:"', /must name a file/],
  ['to: "https://gate:pw@logs.lab.example/"', /must not hold a user or password/],
  ['to: "syslog+tcp://logs.lab.example"', /without TLS.*syslog\+tls:\/\/, or add unsafePlain/],
  ['to: "http://logs.lab.example/"', /without TLS.*https:\/\/, or add unsafePlain/],
  ['to: "http://logs.lab.example/", unsafePlain: true', /the journal is sent without TLS/],
  ['to: "file:/x", tokenFile: t', /tokenFile.*is for an https:\/\/ collector/],
  ['to: "file:/x", ca: ca.pem', /ca.*has no use without TLS/],
  ['to: "file:./var/journal.jsonl"', /must not be the journal itself/],
  ['to: "https://logs.lab.example/", cert: a.pem', /needs journal\.export\[0\]\.key beside it/],
  ['to: "https://logs.lab.example/", ca: /nowhere.pem', /journal\.export\[0\]\.ca/],
  ['to: "file:/x" }, { id: siem, to: "file:/y"', /must differ from journal\.export\[0\]\.id/]
]
for (const [text, message] of mistakes)
  t.test(`${text}: what is said`, async t => {
    const loaded = read(withExport(text))
    const words = said(loaded).join('\n')
    t.match(words, message)
    t.notMatch(words, /:pw@/)
  })
