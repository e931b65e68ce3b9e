/** Certificates of people who are signed in: which reviews end their session, and revocation lists of many megabytes. */
import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import t from 'tap'
import { writeDer } from '../../src/identity/certificate/der.ts'
import { readLists } from '../../src/identity/certificate/lists.ts'
import { packLists, RevocationList } from '../../src/identity/certificate/revocation-list.ts'
import { CertificateInstitution, type CertificateOptions } from '../../src/identity/certificate.ts'
import type { InstitutionSession } from '../../src/identity/institution.ts'
import { InstitutionRefresh } from '../../src/watchers/institution-refresh.ts'
import { mainThreadMs } from '../fixtures/process/cpu-time.ts'
import { Pki } from '../fixtures/process/pki.ts'

const pki = new Pki(t.testdir({}))
const at = (name: string) => pki.file(name)
const certificate = (name: string) => new X509Certificate(pki.read(`${name}.pem`))
pki.root('root')
pki.root('stranger')
pki.intermediate('inter', 'root')
pki.leaf('alice', { by: 'inter', san: 'email:alice@lab.example' })
pki.list('root', 'root-crl')
pki.list('inter', 'inter-crl')
pki.list('inter', 'short-crl', { seconds: 60 })
pki.list('inter', 'revoked-crl', { revoked: ['alice'] })
pki.list('root', 'lost-crl', { revoked: ['inter'] })

const now = Date.now() + 1_000
const source = { id: 'cards', title: 'Cards', realm: null, groupMap: null, enrolment: 'invitation' } as const
const institution = (more: Partial<CertificateOptions> = {}) =>
  new CertificateInstitution({
    source,
    ca: at('root.pem'),
    crl: [at('root-crl.pem'), at('inter-crl.der')],
    ocsp: false,
    name: 'san.email',
    mfa: false,
    refreshSeconds: 60,
    onTrouble: () => {},
    ...more
  })

/** What the session of a sign-in with Alice's certificate keeps. */
async function signedIn(): Promise<InstitutionSession & { externalId: string }> {
  const presented = { objection: null, isResumed: false, leaf: certificate('alice'), sent: [certificate('inter')] }
  const answer = await institution().read(presented, now)
  if (answer.kind !== 'arrived') throw new Error(answer.detail)
  return { ...answer.session, externalId: answer.arrival.externalId }
}

const rows: readonly (readonly [string, Partial<CertificateOptions>, 'stands' | 'gone' | 'unknown', number?])[] = [
  ['a good one', {}, 'stands'],
  ['a revoked one', { crl: [at('root-crl.pem'), at('revoked-crl.pem')] }, 'gone'],
  ['one whose authority is revoked', { crl: [at('lost-crl.pem'), at('inter-crl.pem')] }, 'gone'],
  ['one whose time is over', {}, 'gone', 365 * 86_400_000],
  ['one of an authority that is not configured any more', { ca: at('stranger.pem') }, 'gone'],
  ['one without the field that names people now', { name: 'san.upn' }, 'gone'],
  ['one with another name in that field', { name: 'subject.cn' }, 'gone'],
  ['a list that is out of date', { crl: [at('root-crl.pem'), at('short-crl.pem')] }, 'unknown', 120_000],
  ['a list that is missing', { crl: [at('root-crl.pem')] }, 'unknown'],
  ['a list that cannot be read', { crl: [at('root.key')] }, 'unknown'],
  ['a responder that is not named', { ocsp: true, crl: null }, 'unknown']
]
t.test('a running session is judged again', async t => {
  const session = await signedIn()
  for (const [sentence, more, expected, later = 0] of rows)
    t.equal(await institution(more).review(session, now + later), expected, sentence)
  t.equal(await institution().review({ ...session, hint: null }, now), 'unknown', 'one of an older release')
  const marks = await Promise.all(
    [{}, {}, { crl: [at('root-crl.pem'), at('revoked-crl.pem')] }, { ocsp: true }].map(more =>
      institution(more).reviewMark()
    )
  )
  t.equal(marks[0], marks[1])
  t.equal(new Set(marks).size, 3, 'another list, or another setting, is another question')
})

t.test('the review ends the sessions that it must, and says once where it cannot ask', async t => {
  const said: string[] = []
  const ended: string[] = []
  const leases = new Set<string>()
  const answers = new Map([
    ['a', 'stands'],
    ['b', 'gone'],
    ['c', 'unknown'],
    ['d', 'gone']
  ] as const)
  const events: object[] = []
  let mark = 'one'
  const cards = {
    source,
    kind: 'certificate' as const,
    asksForMfa: false,
    refreshSeconds: 60,
    reviewMark: async () => mark,
    review: async ({ externalId }: { externalId: string }) => answers.get(externalId as 'a')!
  }
  const refresh = new InstitutionRefresh({
    institutions: [cards],
    accounts: { idsOf: async () => ['a', 'b', 'c', 'd'], byId: async () => null },
    sessions: {
      list: async id => [{ session: { id: `of-${id}` } as never, lastSeenAt: 1 }],
      end: async id => ended.push(id) > 0
    },
    institutionSessions: {
      // D has come from elsewhere in this session.
      of: async id => ({
        directory: id === 'of-d' ? 'other' : 'cards',
        externalId: id.slice(3),
        sid: null,
        hint: null,
        endsAt: null
      })
    },
    store: { add: async key => !leases.has(key) && leases.add(key).size > 0 },
    journal: { record: (event: object) => void events.push(event) } as never,
    clock: () => now,
    log: { info: (_, sentence) => said.push(sentence), warn: (_, sentence) => said.push(sentence) },
    every: () => () => {}
  })
  await refresh.run(cards)
  t.same(ended, ['of-b'])
  t.match(events, [{ kind: 'session.end', session: 'of-b', outcome: 'institution_gone', directory: 'cards' }])
  await refresh.run(cards)
  t.same(ended, ['of-b'], 'another gate has just asked')
  mark = 'two'
  await refresh.run(cards)
  t.same(ended, ['of-b', 'of-b'], 'with another list it asks at once')
  t.match(said, [/cannot ask whether some people may stay/])
  answers.set('c', 'stands')
  mark = 'three'
  await refresh.run(cards)
  t.match(said, [/cannot ask/, /can ask about all sign-ins again/])
})

t.test('a list of half a million entries is read beside the loop', async t => {
  const entries = 500_000
  const [root, few] = [certificate('root'), packLists(Buffer.from(pki.read('root-crl.pem')))]
  t.equal(await new RevocationList(few[0]!).isBy(root), true)
  const date = Buffer.from('170d3230303130313030303030305a', 'hex')
  // Each has 20 bytes of a number and a reason, as the lists of large authorities do.
  const one = writeDer(
    0x30,
    writeDer(0x02, Buffer.alloc(20, 0x5a)),
    date,
    Buffer.from('300c300a0603551d1504030a0101', 'hex')
  )
  const bodies = Buffer.alloc(entries * one.length, one)
  for (let number = 0; number < entries; number++) bodies.writeUInt32BE(number, number * one.length + 20)
  const name = Buffer.from('300f310d300b06035504030c04726f6f74', 'hex')
  const algorithm = Buffer.from('300a06082a8648ce3d040302', 'hex')
  const until = Buffer.from('170d3439303130313030303030305a', 'hex')
  const tbs = writeDer(0x30, Buffer.from('020101', 'hex'), algorithm, name, date, until, writeDer(0x30, bodies))
  const list = writeDer(0x30, tbs, algorithm, Buffer.from('03020030', 'hex'))
  const file = at('long.crl')
  writeFileSync(file, list)
  t.ok(list.length > 20_000_000, `${list.length} bytes`)

  const began = mainThreadMs()
  const [read] = await readLists([file])
  const beside = mainThreadMs() - began
  const before = mainThreadMs()
  packLists(list)
  const here = mainThreadMs() - before
  t.ok(beside < here / 3, `${Math.round(beside)} ms of the loop, instead of ${Math.round(here)} ms`)
  const holds = (number: number) => {
    const serial = Buffer.alloc(20, 0x5a)
    serial.writeUInt32BE(number, 16)
    return isOn(read!, writeDer(0x02, serial))
  }
  for (const number of [0, 1, 12_345, entries - 1]) t.equal(holds(number), true, `${number}`)
  for (const number of [entries, entries + 77, 0xffffffff]) t.equal(holds(number), false, `${number}`)
  await t.rejects(readLists([file, at('root.key')]), /root\.key cannot be used: it holds no revocation list/)
  writeFileSync(file, list.subarray(0, -1))
  await t.rejects(readLists([file]), /long\.crl cannot be used: it ends too early/)
})

/** `holds` reads the number out of a certificate: this one has nothing else. */
function isOn(list: RevocationList, serial: Buffer): boolean {
  const name = Buffer.from('3000', 'hex')
  const key = writeDer(0x30, name, Buffer.from('030100', 'hex'))
  const tbs = writeDer(0x30, serial, name, name, name, name, key)
  return list.holds({ raw: writeDer(0x30, tbs) } as X509Certificate)
}
