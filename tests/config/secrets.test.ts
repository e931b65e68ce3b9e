import path from 'node:path'
import t from 'tap'
import { formatProblem, parseConfig } from '../../config/load.ts'
import { complete } from './read.ts'

const secret = 'hunter2'
const env = { PW: secret, STORE: `redis://:${secret}@h:99999`, PORT: secret }

/** Files with a secret in the right place, and in wrong places. */
const files: [sentence: string, text: string][] = [
  ['a store of no kind', `store: postgres://u:${secret}@h`],
  ['a store that is only a password', `store: ${secret}`],
  ['a store URL with a wrong port', `store: redis://u:${secret}@h:99999`],
  ['a store URL with a password that must be escaped', `store: redis://u:${secret}/@#h`],
  ['a store URL with blanks', `store: "redis://u:${secret} x@h"`],
  ['a store that is a list', `store: [${secret}]`],
  ['a store that is a map', `store: { redis: ${secret} }`],
  ['a store from the environment', 'store: "$' + '{STORE}"'],
  ['a store URL in a file that does not exist', `storeFile: redis://u:${secret}@h`],
  ['a store URL given twice', `store: redis://u:${secret}@h\nstoreFile: ${secret}`],
  ['a store URL in a file, wrong', 'storeFile: store.url'],
  ['a password where a file name belongs', `store: redis://h\nredis: { passwordFile: ${secret} }`],
  ['a password for a store without Redis', `redis: { password: ${secret} }\nlog: { level: x }`],
  ['a password as a list', `store: redis://h\nredis: { password: [${secret}] }`],
  ['a password beside one in the URL', `store: redis://u:${secret}@h\nredis: { password: ${secret} }`],
  ['a password without the blank after the colon', `redis: { password:${secret} }`],
  ['a password without the colon', `redis:\n  password ${secret}\n`],
  ['a password as key', `redis: { "pass word ${secret}": 1 }`],
  ['a password that breaks YAML', `redis: { password: @${secret} }`],
  ['a password with a colon and a blank', `redis:\n  password: x: ${secret}`],
  ['a password with a quote too many', `redis: { password: "a" ${secret} }`],
  ['a password as a tag', `redis: { password: !${secret} }`],
  ['a password as an alias', `redis: { password: *${secret} }`],
  ['a block of text with a wrong head', `redis:\n  password: |${secret}\n    x`],
  ['a fixed header with a line break', header(`X-Key: "${secret}\\n"`)],
  ['a fixed header without the blank', header(`X-Key:${secret}`)],
  ['a fixed header that is a list', header(`X-Key: [${secret}]`)],
  ['fixed headers as text', `apps: [{ id: a, url: https://a.example, upstream: http://b, addHeaders: ${secret} }]`],
  ['a fixed header of a wrong name', header(`"X Key ${secret}": x`)],
  ['a fixed header that must not be', header(`Host: ${secret}`)],
  ['a shared secret with a line break', headers(`{ profile: galaxy, secret: "${secret}\\n" }`)],
  ['a shared secret without its header', headers(`{ secret: ${secret} }`)],
  ['a shared secret given twice', headers(`{ profile: galaxy, secret: ${secret}, secretFile: ${secret} }`)],
  ['an upstream with a password', upstream(`http://u:${secret}@b`)],
  ['an upstream of another kind with a password', upstream(`ftp://u:${secret}/x@b`)],
  ['an upstream with a password and no scheme', upstream(`u:${secret}@b`)],
  ['an upstream with a token', upstream(`"http://b/?token=${secret}"`)],
  ['a portal with a password', `portal: { url: "https://u:${secret}@g.example" }`],
  ['a number from the environment', 'listen: { port: "$' + '{PORT}" }'],
  ['a title from the environment', 'log: { level: "$' + '{PW}" }'],
  ['the secret alone', secret]
]

function header(text: string): string {
  return `apps: [{ id: a, url: https://a.example, upstream: http://b, addHeaders: { ${text} } }]`
}

function headers(text: string): string {
  return `apps: [{ id: a, url: https://a.example, upstream: http://b, identityHeaders: ${text} }]`
}

function upstream(text: string): string {
  return `apps: [{ id: a, url: https://a.example, upstream: ${text} }]`
}

t.test('no message ever shows a secret', async t => {
  const folder = t.testdir({ 'store.url': `redis://u:${secret}@h:99999` })
  for (const [sentence, text] of files) {
    const whole = sentence === 'the secret alone' ? text : complete(text)
    const loaded = parseConfig(whole, path.join(folder, 'sub', '..', 'factorgate.yaml'), env)
    t.equal(loaded.kind, 'bad', `${sentence}: is refused`)
    const list = loaded.kind === 'bad' ? loaded.problems : loaded.warnings
    const text_ = list.map(formatProblem).join('\n')
    t.ok(text_.length > 0 && !text_.includes(secret), `${sentence}: ${text_}`)
  }
})
