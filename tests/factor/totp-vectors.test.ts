/** RFC 4226 Appendix D and RFC 6238 Appendix B through the gate's enrolment and verification: every code is right at its own time alone. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { Totp, type TotpAlgorithm } from '../../src/factor/totp.ts'
import { alice, fixture, home } from '../fixtures/in-process/factors.ts'

const vectors = JSON.parse(readFileSync(new URL('../vectors/rfc4226-rfc6238.json', import.meta.url), 'utf8')) as {
  rfc4226: { counter: number; otp: string }[]
  rfc6238: { alg: string; secret_ascii: string; unix: number; otp8: string; otp6: string }[]
}

interface Row {
  readonly name: string
  readonly algorithm: TotpAlgorithm
  readonly digits: 6 | 8
  readonly secret: string
  readonly unix: number
  readonly code: string
}

const rows: Row[] = [
  ...vectors.rfc4226.map(({ counter, otp }) => ({
    name: `RFC 4226 counter ${counter}`,
    algorithm: 'SHA1' as const,
    digits: 6 as const,
    secret: '12345678901234567890',
    unix: counter * 30,
    code: otp
  })),
  ...vectors.rfc6238.flatMap(({ alg, secret_ascii: secret, unix, otp8, otp6 }) => {
    const algorithm = alg.toUpperCase() as TotpAlgorithm
    const shared = { algorithm, secret, unix }
    return [
      { ...shared, name: `RFC 6238 ${algorithm} ${unix}`, digits: 8 as const, code: otp8 },
      { ...shared, name: `RFC 6238 ${algorithm} ${unix}, six digits`, digits: 6 as const, code: otp6 }
    ]
  })
]

t.equal(rows.length, 10 + 2 * 18)

/** A Totp with the secret of the vector, whose clock is at its time or `steps` off. */
async function pending({ algorithm, digits, secret, unix }: Row, skew: 0 | 1, steps = 0) {
  const all = fixture({
    now: (unix + steps * 30) * 1000,
    totp: { algorithm, digits, skew, random: () => Buffer.from(secret) }
  })
  const { ceremony } = await all.totp.begin(alice, 's1')
  const finish = (code: string) =>
    all.totp.finish({ accountId: alice.id, binding: 's1', ceremony, code, name: '', address: home })
  return { ...all, finish }
}

t.test('every code enrols at its moment, with no tolerance at all', async t => {
  for (const row of rows) {
    const { finish } = await pending(row, 0)
    const wrong = row.code.replace(/.$/, last => String((Number(last) + 1) % 10))
    t.equal((await finish(wrong)).kind, 'refused', `${row.name}: another digit`)
    t.match(await finish(row.code), { kind: 'enrolled', credential: { lastStep: Math.floor(row.unix / 30) } }, row.name)
  }
})

t.test('M18: every code is good one step early or late with skew 1, and two steps off never', async t => {
  for (const row of rows)
    for (const steps of [-2, -1, 0, 1, 2]) {
      if (row.unix / 30 + steps < 0) continue
      const { finish } = await pending(row, 1, steps)
      const { kind } = await finish(row.code)
      t.equal(kind, Math.abs(steps) <= 1 ? 'enrolled' : 'refused', `${row.name}, clock ${steps} steps off`)
    }
})

t.test('the secret in the code is the vector secret, for every hash', async t => {
  for (const [algorithm, bytes] of [
    ['SHA1', 20],
    ['SHA256', 32],
    ['SHA512', 64]
  ] as const) {
    const asked: number[] = []
    const random = (count: number) => {
      asked.push(count)
      return Buffer.alloc(count, 1)
    }
    const { totp } = fixture({ totp: { algorithm, random } })
    const { secret, uri } = await totp.begin(alice, 's1')
    t.same(asked, [bytes], 'as long as the hash')
    t.match(secret, /^[A-Z2-7]+$/)
    t.equal(new URL(uri).searchParams.get('secret'), secret)
    t.equal(new URL(uri).searchParams.get('algorithm') ?? 'SHA1', algorithm)
  }
})

t.test('parameters that would weaken it are refused', async t => {
  const { totp: _, ...rest } = fixture()
  for (const wrong of [
    { skew: 2 },
    { skew: -1 },
    { skew: 0.5 },
    { period: 121 },
    { period: 5 },
    { period: Number.NaN }
  ])
    t.throws(
      () =>
        new Totp({
          ...rest,
          keyring: () => rest.ring.keyring,
          issuer: 'x',
          algorithm: 'SHA1',
          digits: 6,
          period: 30,
          skew: 1,
          ...(wrong as object)
        }),
      RangeError,
      JSON.stringify(wrong)
    )
})
