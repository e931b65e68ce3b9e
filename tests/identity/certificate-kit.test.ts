/** The certificates, lists and responder of the kit `tls`, an authority that answers. */
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import path from 'node:path'
import t from 'tap'
import { CertificateInstitution } from '../../src/identity/certificate.ts'
import { lacksKit, startKit } from '../fixtures/process/institution-kit.ts'

const source = { id: 'cards', title: 'Cards', realm: null, groupMap: null, enrolment: 'invitation' } as const

t.test('an authority that answers', { skip: lacksKit('tls') }, async t => {
  const kit = await startKit(t, 'tls')
  const at = (name: string) => path.join(kit.folder, 'tls', name)
  const certificate = (name: string) => new X509Certificate(kit.read(`tls/${name}.pem`))
  const crl = [at('crl.pem'), at('crl-inter.pem')]
  const ask = (who: string, more: { crl?: readonly string[] | null; ocsp?: boolean } = {}) => {
    const onTrouble = (sentence: string) => t.fail(sentence)
    const options = {
      source,
      ca: at('ca.pem'),
      crl,
      ocsp: false,
      name: 'san.email',
      mfa: false,
      refreshSeconds: 60,
      onTrouble,
      ...more
    } as const
    const sent = who === 'dave' ? [certificate('inter')] : []
    const presented = { objection: null, isResumed: false, leaf: certificate(who), sent }
    return new CertificateInstitution(options).read(presented, Date.now() + 1_000)
  }
  const rows: [who: string, answer: object][] = [
    ['alice', { kind: 'arrived', arrival: { name: 'alice@lab.example' } }],
    ['dave', { kind: 'arrived', arrival: { name: 'dave@lab.example' } }],
    ['utf8', { kind: 'arrived', arrival: { displayName: 'Żółć, Łukasz "Luk" = x' } }],
    ['revoked', { code: 'institution_refused' }],
    ['expired', { code: 'institution_refused' }],
    ['future', { code: 'institution_refused' }],
    ['foreign', { code: 'institution_answer_invalid' }],
    ['serveronly', { code: 'institution_answer_invalid' }]
  ]
  for (const [who, answer] of rows) t.match(await ask(who), answer, who)
  t.match(await ask('alice', { crl: [at('crl-old.pem')] }), { code: 'institution_unreachable' }, 'an old list')
  t.match(await ask('dave', { crl: [at('crl.pem')] }), { code: 'institution_unreachable' }, 'a list of the root alone')
  const responder = { crl: null, ocsp: true }
  t.match(await ask('alice', responder), { kind: 'arrived' }, 'its responder knows alice')
  t.match(await ask('bob', responder), { kind: 'arrived' })
  execFileSync(at('revoke'), ['bob'])
  t.match(
    await ask('bob', responder),
    { code: 'institution_refused', detail: /is revoked/ },
    'and bob, who is revoked now'
  )
  t.match(await ask('bob'), { code: 'institution_refused', detail: /is revoked/ }, 'as the new list says')
  await kit.stop()
  t.match(
    await ask('alice', responder),
    { code: 'institution_unreachable', detail: /ECONNREFUSED/ },
    'no answer, nobody in'
  )
})
