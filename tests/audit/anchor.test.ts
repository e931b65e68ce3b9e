/** The anchor of the journal in the store: whoever cuts or replaces the files is found out by `verify` and at the next start. */
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { type Anchor, Anchors, anchorId, isAnchorSigned, missingBehind } from '../../src/audit/anchor.ts'
import { readHead } from '../../src/audit/chain-head.ts'
import { Journal, journalPurpose } from '../../src/audit/journal.ts'
import { verifyJournal } from '../../src/audit/verify-journal.ts'
import { makeKeyring, newMasterKey } from '../../src/keyring/keyring.ts'
import { Server } from '../../src/server/server.ts'
import { terminal } from '../cli/terminal.ts'
import { cheapHasher } from '../fixtures/in-process/cheap-hasher.ts'
import { startGateway } from '../fixtures/in-process/gateway.ts'
import { MemoryStore } from '../fixtures/in-process/memory-store.ts'
import { startUpstream } from '../fixtures/in-process/upstream.ts'

const keyring = makeKeyring([newMasterKey()])
const signers = keyring.signers(journalPurpose)
const keys = signers.map(({ publicKey }) => publicKey)

async function withAnchors(t: Test, store = new MemoryStore(() => 1)) {
  const file = path.join(t.testdir(), 'journal.jsonl')
  const anchors = new Anchors({ store, journal: file, isStoreShared: false })
  const seen: Anchor[] = []
  const open = () =>
    Journal.open({
      path: file,
      clock: Date.now,
      signers: () => signers,
      onCheckpoint: anchor => {
        seen.push(anchor)
        anchors.note(anchor)
      }
    })
  return { file, anchors, store, seen, open }
}

t.test('each checkpoint becomes the anchor, and no line between', async t => {
  const { anchors, seen, open, file } = await withAnchors(t)
  const journal = await open()
  await journal.commit({ kind: 'login', at: 1 })
  t.equal(await anchors.read(), null, 'a line without a signature is no anchor')
  await journal.commit({ kind: 'key.rotate', at: 1 })
  await anchors.close()
  const anchor = await anchors.read()
  t.match(anchor, { seq: 3, hash: (await readHead(`${file}.head`))?.hash })
  t.ok(isAnchorSigned(anchor!, keys))
  t.notOk(isAnchorSigned({ ...anchor!, seq: 2 }, keys), 'each field is signed')
  t.notOk(isAnchorSigned(anchor!, []))
  await journal.close()
  t.equal(seen.length, 1, 'nothing new to sign')
})

t.test('verify with the anchor finds what the files alone do not show', async t => {
  const { file, anchors, open } = await withAnchors(t)
  for (const name of ['ada', 'bob', 'eve']) {
    const journal = await open()
    await journal.commit({ kind: 'login', at: 1, name })
    await journal.close()
  }
  await anchors.close()
  const anchor = await anchors.read()
  const whole = readFileSync(file, 'utf8').split(/(?<=\n)/)
  t.equal(whole.length, 6)
  const verify = (anchor: Anchor | null, isPart = false) => verifyJournal({ files: [file], keys, anchor, isPart })
  t.equal((await verify(anchor)).fault, null)

  writeFileSync(file, whole.slice(0, 4).join(''))
  t.equal((await verify(null)).fault, null, 'cut at a checkpoint, it looks whole')
  t.match((await verify(anchor)).fault, {
    kind: 'truncated',
    text: /lines 5 to 6 are missing .* the store, of .* names line 6/
  })

  rmSync(file)
  rmSync(`${file}.head`)
  const journal = await open()
  for (let i = 0; i < 9; i++) await journal.commit({ kind: 'login', at: 1 })
  await journal.close()
  t.equal((await verify(null)).fault, null, 'another journal is whole in itself')
  t.match((await verify(anchor)).fault, { kind: 'spliced', text: /the store knows another journal here, with 6 lines/ })
})

t.test('what is missing', async t => {
  const anchor: Anchor = { chain: 'a', seq: 6, hash: 'h', at: 1, sig: '' }
  for (const [name, end, chain, kind] of [
    ['all is there', { seq: 6, hash: 'h' }, 'a', null],
    ['lines came later', { seq: 9, hash: 'x' }, 'a', null],
    ['the beginning was removed', { seq: 9, hash: 'x' }, '', null],
    ['it was cut', { seq: 4, hash: 'x' }, 'a', 'cut'],
    ['it was cut, and its beginning was removed', { seq: 4, hash: 'x' }, '', 'cut'],
    ['it is gone', { seq: 0, hash: '' }, '', 'replaced'],
    ['it is another', { seq: 9, hash: 'x' }, 'b', 'replaced'],
    ['its last line is another', { seq: 6, hash: 'x' }, 'a', 'replaced']
  ] as const)
    t.equal(missingBehind(anchor, end, chain)?.kind ?? null, kind, name)
  t.equal(missingBehind(null, { seq: 0, hash: '' }, ''), null)
})

t.test('an older checkpoint of another process does not replace a newer one', async t => {
  const { anchors, store, file } = await withAnchors(t)
  const one: Anchor = { chain: 'a'.repeat(64), seq: 6, hash: 'b'.repeat(64), at: 1, sig: 's' }
  anchors.note(one)
  anchors.note({ ...one, seq: 9 })
  await anchors.close()
  const other = new Anchors({ store, journal: file, isStoreShared: false })
  other.note({ ...one, seq: 7 })
  await other.close()
  t.match(await anchors.read(), { seq: 9 })
  other.replace()
  other.note({ ...one, seq: 8 })
  await other.close()
  t.match(await anchors.read(), { seq: 8 }, 'unless the loss was recorded')
})

t.test('a busy journal writes its newest checkpoint after a pause, and not each', async t => {
  const { store, file } = await withAnchors(t)
  let reads = 0
  const { get } = store
  store.get = key => {
    reads++
    return get.call(store, key)
  }
  const anchors = new Anchors({ store, journal: file, isStoreShared: false })
  const one: Anchor = { chain: 'a'.repeat(64), seq: 1, hash: 'b'.repeat(64), at: 1, sig: 's' }
  for (let seq = 1; seq < 100; seq++) {
    anchors.note({ ...one, seq })
    await new Promise(setImmediate)
  }
  t.equal(reads, 1)
  await anchors.close()
  t.equal(reads, 2)
  t.match(await anchors.read(), { seq: 99 })
})

t.test('a store that is away stops nothing', async t => {
  const store = new MemoryStore(() => 1)
  store.get = () => Promise.reject(new Error('away'))
  const { open, anchors } = await withAnchors(t, store)
  const journal = await open()
  await journal.commit({ kind: 'login', at: 1 })
  await journal.close()
  await anchors.close()
  t.pass('closed')
})

t.test('gates of several machines have an anchor each', async t => {
  t.equal(anchorId('/a/j', false), anchorId('/a/../a/j', false))
  t.not(anchorId('/a/j', false), anchorId('/b/j', false))
  t.not(anchorId('/a/j', false), anchorId('/a/j', true))
})

t.test('a gate whose journal was cut while it was down says so once, and goes on', async t => {
  const upstream = await startUpstream(t)
  const gate = await startGateway(t, {
    apps: `  - { id: one, url: "http://one.localhost:PORT", upstream: "${upstream.origin}", rules: [{ access: public }] }`
  })
  const file = path.join(gate.folder, 'journal.jsonl')
  const restart = async () => {
    const log: Record<string, unknown>[] = []
    const logger = pino({ level: 'error' }, { write: (line: string) => log.push(JSON.parse(line)) })
    const server = await Server.start({
      config: await gate.load(),
      clock: Date.now,
      log: logger,
      hasher: cheapHasher()
    })
    await server.close()
    return log
  }
  const lines = () => readFileSync(file, 'utf8').split(/(?<=\n)/)
  await gate.server.close()
  const early = lines()
  copyFileSync(`${file}.head`, path.join(gate.folder, 'older.head'))
  t.same(await restart(), [], 'nothing is missing')
  const late = lines()

  writeFileSync(file, early.join(''))
  copyFileSync(path.join(gate.folder, 'older.head'), `${file}.head`)
  const said = await restart()
  t.equal(said.length, 1)
  t.match(said[0]?.msg, new RegExp(`the lines ${early.length + 1} to ${late.length} of the journal are missing`))
  const entry = lines()
    .map(line => JSON.parse(line))
    .find(({ kind }) => kind === 'journal.missing')
  t.match(entry, { why: 'cut', fromSeq: early.length + 1, toSeq: late.length, lastHash: /^[0-9a-f]{64}$/ })
  t.same(await restart(), [], 'it is said once')

  for (const name of readdirSync(gate.folder))
    if (name.startsWith('journal.jsonl')) rmSync(path.join(gate.folder, name), { recursive: true })
  t.match(await restart(), [{ msg: /the journal was replaced: its lines 1 to \d+ are missing/ }])
  t.same(await restart(), [])

  const factorgate = terminal(t)
  const checked = await factorgate('journal', 'verify', '--config', gate.configFile)
  t.equal(checked.code, 0, checked.stdout + checked.stderr)
  t.match(checked.stderr, /the gate found that lines were missing before this one \(replaced\)/)
  writeFileSync(file, lines().slice(0, 3).join(''))
  rmSync(`${file}.head`)
  const cut = await factorgate('journal', 'verify', '--config', gate.configFile)
  t.match(cut, { code: 1, stdout: /are missing after this line; the store, of .*, names line/ })
})
