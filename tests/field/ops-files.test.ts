/** FIELD G9, G12, G16: files as tools and other machines leave them. */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { loadConfig, parseConfig } from '../../config/load.ts'
import { addKey, createKeyFile, type KeyFileError, keyFileWarning, readKeyFile } from '../../src/keyring/key-file.ts'
import { watchFiles } from '../../src/watchers/files.ts'

/** Watches files of a folder. `slowly`: nothing is heard, and only `look` looks. */
function watched(t: Test, folder: string, files: readonly string[], slowly: boolean) {
  const told: string[] = []
  let wake = () => {}
  let look = () => {}
  const every = (slowLook: () => void) => {
    look = slowLook
    return () => {}
  }
  const awake = setInterval(() => slowly && look(), 20)
  const stop = watchFiles(
    files.map(file => path.join(folder, file)),
    changed => {
      told.push(...changed.map(file => path.relative(folder, file)))
      wake()
    },
    { every, listens: !slowly }
  )
  const end = () => {
    stop()
    clearInterval(awake)
  }
  t.teardown(end)
  const next = async () => {
    while (told.length === 0)
      await new Promise<void>(resolve => {
        wake = resolve
      })
    return told.splice(0).sort()
  }
  return { next, end }
}

/** Each puts a file up as some tool does, and changes it as that tool does. */
const ways: [
  name: string,
  file: string,
  set: (at: (name: string) => string) => void,
  change: (at: (name: string) => string) => void
][] = []
const way = (
  name: string,
  file: string,
  set: (at: (name: string) => string) => void,
  change: (at: (name: string) => string) => void
) => ways.push([name, file, set, change])

way(
  'Kubernetes swaps ..data, two links away',
  'tls.crt',
  at => {
    mkdirSync(at('..1'))
    mkdirSync(at('..2'))
    writeFileSync(at('..1/tls.crt'), 'old')
    writeFileSync(at('..2/tls.crt'), 'new')
    symlinkSync('..1', at('..data'))
    symlinkSync('..data/tls.crt', at('tls.crt'))
  },
  at => {
    symlinkSync('..2', at('..data_tmp'))
    renameSync(at('..data_tmp'), at('..data'))
  }
)
way(
  'certbot moves a link in live/ to another file of archive/, and ours is a link to that',
  'our.pem',
  at => {
    mkdirSync(at('live/x'), { recursive: true })
    mkdirSync(at('archive/x'), { recursive: true })
    writeFileSync(at('archive/x/cert1.pem'), 'old')
    symlinkSync('../../archive/x/cert1.pem', at('live/x/cert.pem'))
    symlinkSync(at('live/x/cert.pem'), at('our.pem'))
  },
  at => {
    writeFileSync(at('archive/x/cert2.pem'), 'new')
    rmSync(at('live/x/cert.pem'))
    symlinkSync('../../archive/x/cert2.pem', at('live/x/cert.pem'))
  }
)
way(
  'the file at the end of a chain is written in place',
  'a',
  at => {
    mkdirSync(at('deep'))
    writeFileSync(at('deep/c'), 'old')
    symlinkSync('deep/c', at('b'))
    symlinkSync('b', at('a'))
  },
  at => writeFileSync(at('deep/c'), 'new')
)
way(
  'the whole folder is replaced',
  'tls/crt',
  at => {
    mkdirSync(at('tls'))
    writeFileSync(at('tls/crt'), 'old')
  },
  at => {
    mkdirSync(at('tls.new'))
    writeFileSync(at('tls.new/crt'), 'new')
    renameSync(at('tls'), at('tls.old'))
    renameSync(at('tls.new'), at('tls'))
  }
)
way(
  'the folder is a link that is moved',
  'current/crt',
  at => {
    mkdirSync(at('r1'))
    mkdirSync(at('r2'))
    writeFileSync(at('r1/crt'), 'old')
    writeFileSync(at('r2/crt'), 'new')
    symlinkSync('r1', at('current'))
  },
  at => {
    symlinkSync('r2', at('next'))
    renameSync(at('next'), at('current'))
  }
)
way(
  'a file that was not there appears, in a folder that was not there',
  'later/crt',
  () => {},
  at => {
    mkdirSync(at('later'))
    writeFileSync(at('later/crt'), 'new')
  }
)
way(
  'the same length and the same time, written in place',
  'same',
  at => {
    writeFileSync(at('same'), 'old')
    utimesSync(at('same'), 1, 1)
  },
  at => {
    writeFileSync(at('same'), 'new')
    utimesSync(at('same'), 1, 1)
  }
)

for (const slowly of [false, true])
  t.test(`FIELD G9 a change is noticed ${slowly ? 'by the slow look alone' : 'at once'}`, async t => {
    for (const [name, file, set, change] of ways)
      await t.test(name, async t => {
        const folder = t.testdir({})
        const at = (name: string) => path.join(folder, name)
        set(at)
        const { next, end } = watched(t, folder, [file], slowly)
        change(at)
        t.same(await next(), [file])
        end()
      })
  })

t.test('FIELD G9 a folder that was replaced is watched as the old one was', async t => {
  const folder = t.testdir({ tls: { crt: '1' } })
  const at = (name: string) => path.join(folder, name)
  const { next, end } = watched(t, folder, ['tls/crt'], false)
  for (const content of ['2', '3']) {
    mkdirSync(at('new'))
    writeFileSync(at('new/crt'), content)
    rmSync(at('tls'), { recursive: true })
    renameSync(at('new'), at('tls'))
    t.same(await next(), ['tls/crt'])
  }
  writeFileSync(at('tls/crt'), 'in place')
  t.same(await next(), ['tls/crt'])
  end()
})

t.test('FIELD G9 certificates, keys and files of secrets ask for a reload, not the configuration alone', async t => {
  const folder = t.testdir({
    'factorgate.yaml':
      'portal: { url: "http://localhost:1" }\nstore: redis://localhost\nredis: { passwordFile: secret }\napps: []\n',
    secret: 'x'
  })
  const loaded = await loadConfig({ cwd: folder, env: {} })
  t.match(loaded, { kind: 'ok', files: [path.join(folder, 'factorgate.yaml'), path.join(folder, 'secret')] })
})

t.test('FIELD G12 a key file that its group may read', { skip: process.geteuid?.() !== 0 && 'needs root' }, async t => {
  const file = path.join(t.testdir({}), 'factorgate.key')
  await createKeyFile(file)
  const set = (mode: number, uid: number, gid: number) => {
    chownSync(file, uid, gid)
    chmodSync(file, mode)
  }
  for (const mode of [0o440, 0o640, 0o040 | 0o400]) {
    set(mode, 0, 1234)
    await t.resolves(readKeyFile(file), `mode ${mode.toString(8)} of root`)
    t.match(await keyFileWarning(file, {}), /group 1234 may read/)
    t.equal(await keyFileWarning(file, { CREDENTIALS_DIRECTORY: path.dirname(file) }), null, 'systemd guards it')
    t.type(await keyFileWarning(file, { CREDENTIALS_DIRECTORY: '/run/credentials/x' }), 'string')
  }
  for (const mode of [0o400, 0o600]) {
    set(mode, 0, 0)
    t.equal(await keyFileWarning(file, {}), null)
  }
  for (const [mode, uid] of [
    [0o444, 0],
    [0o644, 0],
    [0o660, 0],
    [0o450, 0],
    [0o441, 0],
    [0o440, 4321],
    [0o640, 4321]
  ] as const) {
    set(mode, uid, 1234)
    const error = await readKeyFile(file).then(
      () => null,
      (error: KeyFileError) => error
    )
    t.match(error, { problem: 'readable_by_others' }, `${mode.toString(8)} of ${uid}`)
  }
  const env = { CREDENTIALS_DIRECTORY: path.dirname(file) }
  set(0o440, 4321, 1234)
  await t.resolves(readKeyFile(file, env), 'a credential of systemd, whoever owns it')
  set(0o444, 0, 0)
  const open = await readKeyFile(file, env).then(
    () => null,
    (error: KeyFileError) => error.problem
  )
  t.equal(open, 'readable_by_others', 'but never for everybody')
  set(0o440, 0, 1234)
  await addKey(file)
  await t.resolves(readKeyFile(file), 'the group still reads it after a rotation')
  t.type(await keyFileWarning(file, {}), 'string')
})

const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')
const badTexts: [name: string, bytes: Buffer, said: RegExp][] = [
  ['UTF-16, little end first', utf16('secret\r\n'), /UTF-16 text: .*iconv -f UTF-16 -t UTF-8/],
  ['UTF-16, big end first', utf16('secret\n').swap16(), /UTF-16 text/],
  ['UTF-16 without a mark', Buffer.from('secret', 'utf16le'), /UTF-16 text without a mark: .*iconv -f UTF-16LE/],
  ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x41, 0, 0, 0]), /UTF-32/],
  ['Latin-1', Buffer.from('pässword', 'latin1'), /not UTF-8 text \(line 1\).*iconv -f LATIN1/],
  ['a NUL at the end', Buffer.from('secret\0'), /NUL byte/],
  ['a byte cut off in the middle of a character', Buffer.from('é').subarray(0, 1), /not UTF-8/],
  ['a second mark', Buffer.from('a\ufeffb'), /byte order mark in line 1/]
]
const configWith = (extra: string) =>
  `portal: { url: "http://localhost:1" }\nstore: redis://localhost\n${extra}\napps: []\n`

t.test('FIELD G16 a file of a secret is UTF-8 text, or refused by name with the way out', async t => {
  for (const [name, bytes, said] of badTexts) {
    const folder = t.testdir({ 'factorgate.yaml': configWith('redis: { passwordFile: secret }') })
    writeFileSync(path.join(folder, 'secret'), bytes)
    const loaded = await loadConfig({ cwd: folder, env: {} })
    t.match(loaded, { kind: 'bad', problems: [{ line: 3, path: 'redis.passwordFile', message: said }] }, name)
    t.notMatch(JSON.stringify(loaded), /secret\\u0000|pässword/, 'and never quoted')
  }
  for (const text of ['\ufeffgrüße', '\ufeffgrüße\r\n', 'grüße\r\n', 'grüße\n', 'grüße']) {
    const folder = t.testdir({ 'factorgate.yaml': configWith('redis: { passwordFile: secret }'), secret: text })
    t.match(
      await loadConfig({ cwd: folder, env: {} }),
      { config: { redis: { password: 'grüße' } } },
      JSON.stringify(text)
    )
  }
})

t.test('FIELD G16 so is the configuration itself', async t => {
  for (const [name, bytes, said] of badTexts) {
    const folder = t.testdir({})
    writeFileSync(path.join(folder, 'factorgate.yaml'), bytes)
    const loaded = await loadConfig({ cwd: folder, env: {} })
    t.match(loaded, { kind: 'bad', problems: [{ path: '', message: said }] }, name)
  }
  const text = configWith('').replaceAll('\n', '\r\n')
  const folder = t.testdir({ 'factorgate.yaml': `\ufeff${text}` })
  t.match(await loadConfig({ cwd: folder, env: {} }), { kind: 'ok' })
})

t.test('FIELD G16 so is the environment', async t => {
  const read = (env: NodeJS.ProcessEnv) =>
    parseConfig(configWith('redis: { password: "$' + '{PW}" }'), '/x/f.yaml', env)
  for (const env of [{ PW: 'grüße\r' }, { PW: '\ufeffgrüße' }, { '\ufeffPW': 'grüße\r\n' }])
    t.match(read(env), { config: { redis: { password: 'grüße' } } })
  t.match(read({ PW: 'gr\ufffdße' }), { problems: [{ path: 'redis.password', message: /'PW' as UTF-8 text/ }] })
})

t.test('FIELD G16 so are the key file, certificates and keys', async t => {
  const file = path.join(t.testdir({}), 'factorgate.key')
  await createKeyFile(file)
  const text = readFileSync(file, 'utf8')
  const id = (await readKeyFile(file)).currentKeyId
  for (const other of [`\ufeff${text}`, text.replaceAll('\n', '\r\n')]) {
    writeFileSync(file, other)
    t.equal((await readKeyFile(file)).currentKeyId, id)
  }
  for (const bytes of [utf16(text), utf16(text).swap16(), Buffer.from(text, 'utf16le')]) {
    writeFileSync(file, bytes)
    const error = await readKeyFile(file).then(
      () => null,
      (error: KeyFileError) => error
    )
    t.match(error, { problem: 'malformed', message: /UTF-16.*iconv/ })
  }
  const folder = t.testdir({
    'factorgate.yaml': 'portal: { url: "https://localhost:1" }\nlisten: { tls: { cert: c, key: c } }\napps: []\n'
  })
  writeFileSync(path.join(folder, 'c'), utf16('-----BEGIN CERTIFICATE-----'))
  t.match(await loadConfig({ cwd: folder, env: {} }), {
    problems: [
      { path: 'listen.tls.cert', message: /UTF-16 text: .*iconv/ },
      { path: 'listen.tls.key', message: /UTF-16/ }
    ]
  })
})
