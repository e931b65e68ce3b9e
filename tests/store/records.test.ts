/**
 * Record kinds: each record has a version. A newer one is refused and kept, an older one is upgraded with its next change, and a broken one
 * counts as none.
 */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { isBackedUp, isTooNew } from '../../src/cli/store/content.ts'
import { newId, newToken } from '../../src/ids.ts'
import { makeKeyring, newMasterKey } from '../../src/keyring/keyring.ts'
import { RecordKind, type Seal } from '../../src/store/records.ts'
import { RecordTooNew } from '../../src/store/store.ts'
import { Group } from '../../src/unusual/group.ts'
import { Person } from '../../src/unusual/person.ts'
import { packGroup, packPerson } from '../../src/unusual/records.ts'
import { MemoryStore } from '../fixtures/in-process/memory-store.ts'

const src = fileURLToPath(new URL('../../src/', import.meta.url))
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))
const textOf = (file: string) => readFileSync(path.join(src, file), 'utf8')

/** Every kind that a file of `src/` exports. */
async function allKinds(): Promise<RecordKind<object>[]> {
  const makers = files.filter(file => /\bRecordKind\b|\bceremonyRecord\b/.test(textOf(file)))
  const modules = await Promise.all(makers.map(file => import(path.join(src, file)) as Promise<object>))
  return [...new Set(modules.flatMap(module => Object.values(module)))].filter(value => value instanceof RecordKind)
}

const person = { id: newId(), accountId: newId() }
const count = { failures: 2, at: 1, until: 0 }
const token = { session: person.id, host: 'gate.example', generation: 1 }
const ceremony = { accountId: person.accountId, binding: 'b', endsAt: 2 }

/** A record of each kind as the releases before versions wrote it. A kind without a row fails. */
const records: Readonly<Record<string, object>> = {
  'account:': {
    id: person.id,
    name: 'alice',
    displayName: 'Alice',
    email: null,
    groups: ['staff'],
    directory: 'local',
    suspended: null,
    createdAt: 1
  },
  'invitation:': { accountId: person.accountId, expiresAt: 2 },
  'unusual:program:': { day: 1, bytes: 2, days: 3, middle: 4, spread: 5, said: 0 },
  'program-token:': {
    id: '0123456789abcdef',
    digest: '0123456789abcdef'.repeat(4),
    accountId: person.accountId,
    name: 'Robot',
    app: 'files',
    paths: ['/raw/**'],
    methods: null,
    networks: null,
    bytes: 1024,
    createdAt: 1,
    expiresAt: 2,
    by: null
  },
  'upstream-login:': { id: newId(), authorization: 'Basic YTpi', storedAt: 1, refusedAt: null },
  'sponsorship:': {
    id: newId(),
    accountId: person.accountId,
    sponsorId: null,
    listedFor: 'operators',
    askedAt: 1,
    address: '192.0.2.1',
    asks: 1,
    firstAskedAt: 1,
    state: 'open',
    expiresAt: 2
  },
  'posture:': { all: { level: 'elevated', why: 'w', by: 'olga', at: 1, until: null }, apps: {} },
  'notice:': { id: newId(), kind: 'test', at: 1, to: [], facts: {} },
  'delivery:': {
    to: { kind: 'account', id: person.accountId },
    waiting: [],
    left: 0,
    batch: null,
    claimedUntil: 0,
    sentAt: [],
    seen: []
  },
  'password-link:': { accountId: person.accountId, browser: 'b', expiresAt: 2 },
  'password:': { hash: '$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaA', setAt: 1 },
  'credential:': {
    ...person,
    kind: 'totp',
    name: 'Phone',
    createdAt: 1,
    lastUsedAt: null,
    lastUsedFrom: null,
    disabledAt: null,
    secret: 'sealed',
    algorithm: 'SHA1',
    digits: 6,
    periodSeconds: 30,
    lastStep: 1
  },
  'recovery:': { createdAt: 1, total: 1, hashes: ['h'], slow: { salt: 's', cost: 2 }, disabledAt: null },
  'ceremony:totp:': {
    ...ceremony,
    credentialId: newId(),
    accountName: 'alice',
    secret: 'sealed',
    algorithm: 'SHA1',
    digits: 6,
    periodSeconds: 30
  },
  'ceremony:webauthn:': {
    ...ceremony,
    purpose: 'enrol',
    challenge: 'c',
    requireUserVerification: true,
    allowed: null
  },
  'kept:': {
    id: newId(),
    secret: 'd',
    account: person.accountId,
    app: 'files',
    method: 'POST',
    url: 'https://files.example/save',
    sender: 'page',
    foreign: null,
    back: 'https://files.example/',
    headers: ['Content-Type', 'text/plain'],
    bytes: 3,
    reference: 'r',
    until: 2
  },
  'attempts:': count,
  'session:': {
    ...person,
    createdAt: 1,
    expiresAt: 2,
    proofs: [{ kind: 'password', at: 1, userVerified: false, generation: 1 }],
    generation: 1,
    device: { userAgent: 'x', address: '192.0.2.1' },
    tokens: { 'gate.example': 'd' }
  },
  'saml-answer:': {
    answer: { kind: 'refused', code: 'institution_refused', detail: 'd' },
    inResponseTo: '_1',
    entityId: 'https://idp.example',
    assertionId: '_a',
    usableUntil: 2
  },
  'institution-session:': { directory: 'campus', externalId: 'x', sid: null, hint: null, endsAt: null },
  'integrity:known:': {
    since: 1,
    pages: 2,
    marks: { script: ['/app.js'] },
    rates: [['/', 2, 1, 0]],
    notes: [['header x', 1]]
  },
  'integrity:open:': { findings: [], changing: null, told: [] },
  'unusual:person:': packPerson(new Person(1)),
  'unusual:group:': packGroup(new Group(1)),
  'unusual:ask:': { at: 1 },
  'ended-reasons:': { reasons: [{ id: 'stopped', facts: {} }] },
  'meter:': {
    slotMs: 360_000,
    slots: [1, 100],
    paths: [],
    led: [],
    ownPaths: null,
    grants: [{ process: 'p', bytes: 1, until: 2 }],
    askedAt: null,
    isAnswered: false,
    boughtWith: 0,
    boughtAt: [],
    isUnanswered: false,
    rateUsedUntil: 0,
    proofAt: 0,
    suspendedAt: null,
    account: person.accountId
  },
  'answer:': { cookies: ['a=b'], redirect: null, tokens: [null], until: 2 },
  'acme-account:': { key: '{}', url: 'https://acme.example/account/1', email: null, replacedAt: null },
  'acme-certificate:': { cert: 'PEM', key: 'PEM', directory: 'https://acme.example/dir', issuedAt: 1 },
  'acme-challenges:': { challenges: [{ type: 'http-01', name: 'a.example', token: 't', keyAuthorization: 't.k' }] },
  'acme-state:': {
    ends: 9,
    renewAt: 6,
    askAt: 3,
    window: { start: 5, end: 7 },
    failures: 1,
    why: 'refused',
    triedAt: 2,
    nextAt: 4,
    isBid: false
  },
  'token:': token,
  'meta:journal-anchor:': { chain: 'a'.repeat(64), seq: 1, hash: 'b'.repeat(64), at: 1, sig: 's' },
  'handover:': { ...token, expiresAt: 2, state: 's', returnTo: '/' }
}

const ring = makeKeyring([newMasterKey()])
const seal: Seal = { open: ring.open.bind(ring), close: ring.seal.bind(ring) }
const isSealed = ({ prefix }: RecordKind<object>) =>
  ['recovery:', 'answer:', 'saml-answer:', 'acme-account:', 'acme-certificate:', 'acme-challenges:'].includes(prefix)

t.test('each kind of record', async t => {
  const kinds = await allKinds()
  t.strictSame(kinds.map(({ prefix }) => prefix).sort(), Object.keys(records).sort(), 'has a row here')
  for (const kind of kinds)
    t.test(kind.prefix, async t => {
      const record = records[kind.prefix] as object
      const store = new MemoryStore(() => 1)
      const id = newToken()
      const key = kind.key(id)
      const seals = isSealed(kind) ? seal : undefined
      const write = (text: string) => store.put(key, seals === undefined ? text : seals.close(text, key))
      const written = async () => {
        const text = (await store.get(key)) as string
        return JSON.parse(seals === undefined ? text : seals.open(text, key))
      }
      const same = (t: Test) => kind.change(store, id, value => ({ next: value as object, result: t.ok(value) }), seals)

      t.test('a record without a version is read, and has one from its next change on', async t => {
        await write(JSON.stringify(record))
        t.strictSame(await kind.get(store, id, seals), record)
        t.notOk('v' in (await written()), 'a look writes nothing')
        await same(t)
        t.strictSame(await written(), { ...record, v: kind.version })
        t.strictSame(await kind.get(store, id, seals), record, 'whoever reads it sees no version')
      })

      t.test('a new record has the version', async t => {
        await kind.overwrite(store, id, record, seals)
        t.strictSame(await written(), { ...record, v: kind.version })
      })

      t.test('a record of a newer version is refused and stays as it is', async t => {
        const newer = JSON.stringify({ ...record, v: kind.version + 1, more: true })
        await write(newer)
        const before = await store.get(key)
        const attempts: [string, () => Promise<unknown>][] = [
          ['get', () => kind.get(store, id, seals)],
          ['change', () => kind.change(store, id, () => ({ next: record, result: true }), seals)],
          ['overwrite', () => kind.overwrite(store, id, record, seals)]
        ]
        for (const [name, attempt] of attempts) {
          const error = await attempt().then(
            () => null,
            thrown => thrown
          )
          t.ok(error instanceof RecordTooNew, name)
          t.equal(error.code, 'record_too_new')
          t.match(
            error.message,
            `version ${kind.version + 1}, but this release of Factorgate knows only versions up to ${kind.version}`
          )
          t.match(error.message, kind.prefix)
          t.match(error.message, 'factorgate store import')
          if (/^(ceremony|answer):/.test(kind.prefix)) t.notMatch(error.message, id, 'a handle is a secret')
        }
        t.equal(await store.get(key), before)
        t.equal(kind.parseIfKnown(newer), null)
      })

      t.test('D3: a broken record is nobody’s', async t => {
        const broken = [
          '{',
          'null',
          '[]',
          '1',
          '',
          ...[0, -1, 1.5, '1', null].map(v => JSON.stringify({ ...record, v }))
        ]
        for (const text of broken) {
          await write(text)
          t.notSame(await kind.get(store, id, seals), record, text.slice(0, 20))
        }
        if (kind.prefix === 'attempts:' || kind.prefix === 'posture:' || isSealed(kind)) return
        for (const text of [...broken, '{}']) {
          await write(text)
          t.equal(await kind.get(store, id, seals), null, text.slice(0, 20))
        }
      })
    })
})

t.test('no room writes or reads a record of the store by hand', t => {
  const rooms = /^(identity|factor|throttle|session|watch|keyring)\//
  const byHand = (text: string) => /from '.*\/store\/(?!batches)/.test(text) && /JSON\.(parse|stringify)\(/.test(text)
  t.ok(byHand("import { Store } from '../store/store.ts'\nJSON.parse(await store.get(key))"), 'an offender is seen')
  // The handle of a sealed ceremony is in the browser; the store has one word of it.
  t.same(
    files.filter(file => rooms.test(file) && byHand(textOf(file))),
    ['factor/sealed-ceremony.ts']
  )
  t.end()
})

t.test('a backup of a newer release is known by each kind that a backup holds', async t => {
  const kinds = (await allKinds()).filter(({ prefix }) => isBackedUp(prefix))
  t.ok(kinds.length >= 4)
  for (const kind of kinds) {
    const key = kind.key(newId())
    const value = (v: number) => {
      const text = JSON.stringify({ ...records[kind.prefix], v })
      return isSealed(kind) ? seal.close(text, key) : text
    }
    t.notOk(isTooNew(key, value(kind.version), ring), kind.prefix)
    t.ok(isTooNew(key, value(kind.version + 1), ring), kind.prefix)
  }
  t.notOk(isTooNew('known:a:b', '1', ring), 'a word has no version')
})

t.test('a kind of version 3 reads all older ones and writes its own', async t => {
  const kind = new RecordKind<{ name: string; tags: string[] }>({
    prefix: 'thing:',
    version: 3,
    upgrades: [({ title, ...more }) => ({ ...more, name: title }), ({ tag, ...more }) => ({ ...more, tags: [tag] })],
    read: record => (Array.isArray(record.tags) ? (record as { name: string; tags: string[] }) : null)
  })
  const today = { name: 'a', tags: ['b'] }
  const rows: [string, object][] = [
    ['no version', { title: 'a', tag: 'b' }],
    ['version 1', { title: 'a', tag: 'b', v: 1 }],
    ['version 2', { name: 'a', tag: 'b', v: 2 }],
    ['version 3', { ...today, v: 3 }]
  ]
  for (const [name, record] of rows) {
    const store = new MemoryStore(() => 1)
    await store.put('thing:1', JSON.stringify(record))
    t.strictSame(await kind.get(store, '1'), today, name)
    await kind.change(store, '1', value => ({ next: { ...value!, name: 'c' }, result: null }))
    t.strictSame(JSON.parse((await store.get('thing:1'))!), { name: 'c', tags: ['b'], v: 3 }, name)
  }
  t.throws(() => new RecordKind({ prefix: 'thing:', version: 2, read: () => null }), /one upgrade for each/)
})
