/** FIELD G13: the QR code of an authenticator app holds no colon but the one between issuer and name (Key URI Format), whatever both are called. */
import t from 'tap'
import { encode } from 'uqr'
import { alice, fixture } from '../fixtures/in-process/factors.ts'

const names: [string, string][] = [
  ['Institute: Lab 3', 'Institute Lab 3'],
  ['gate.lab.example:8443', 'gate.lab.example 8443'],
  ['https://lab.example', 'https //lab.example'],
  ['::', 'Factorgate'],
  ['Lab：3', 'Lab 3'],
  ['a:b:c', 'a b c'],
  ['Grüße & 100 % / ? #', 'Grüße & 100 % / ? #'],
  ['👩‍🔬 Labor', '👩‍🔬 Labor'],
  ['\u202eLab\u202c\u200b', 'Lab'],
  ['x'.repeat(300), 'x'.repeat(64)],
  ['👩‍🔬'.repeat(100), '👩‍🔬'.repeat(14)],
  ['实'.repeat(100), '实'.repeat(53)]
]

for (const [issuer, shown] of names)
  t.test(`FIELD G13 an issuer ${JSON.stringify(issuer.slice(0, 30))}`, async t => {
    const all = fixture({ totp: { issuer } })
    const { uri, secret } = await all.totp.begin({ id: alice.id, name: `urn:lab:${issuer}` }, 's1')
    const { pathname, searchParams } = new URL(uri)
    const parts = decodeURIComponent(pathname.slice(1)).split(':')
    t.equal(parts.length, 2, 'one colon in the whole label')
    t.equal(parts[0], shown)
    t.match(parts[1], /^urn lab/)
    t.equal(searchParams.get('issuer'), shown, 'the parameter says the same')
    t.equal(searchParams.get('secret'), secret)
    t.doesNotThrow(() => encode(uri, { ecc: 'M' }), 'it fits a QR code')
  })
