/** What is wrong with an app's `forwardAuth`, and where it is missing. */
import t from 'tap'
import { read, said } from './read.ts'

const app = (more: string) => `apps: [{ id: a, url: https://a.example, upstream: http://127.0.0.1, ${more} }]`
const secret = 'forwardAuth: { secret: 0123456789abcdef }'

const problems: readonly (readonly [sentence: string, text: string, problem: RegExp])[] = [
  ['a short one', app('forwardAuth: { secret: short }'), /apps\[0\]\.forwardAuth\.secret {2}must have at least 16/],
  ['none at all', app('forwardAuth: {}'), /apps\[0\]\.forwardAuth\.secret {2}is missing/],
  [
    'with a space',
    app('forwardAuth: { secret: "0123456789 abcdef" }'),
    /forwardAuth\.secret {2}must be letters, digits/
  ],
  [
    'that of the examples',
    app('forwardAuth: { secret: write-the-secret-here }'),
    /forwardAuth\.secret {2}is the text of the example, which everybody knows/
  ],
  [
    'its header in another use',
    app(`${secret}, addHeaders: { Factorgate_Secret: x }`),
    /apps\[0\]\.forwardAuth {2}must differ from apps\[0\]\.addHeaders/
  ]
]

for (const [sentence, text, problem] of problems)
  t.test(`a secret of forward-auth: ${sentence}`, async t => {
    const answer = read(text)
    t.equal(answer.kind, 'bad')
    t.match(said(answer).join('\n'), problem)
    t.notMatch(said(answer).join('\n'), /0123456789/)
  })

t.test('what a verdict carries asks for a secret of forward-auth', async t => {
  const login = 'upstreamLogin: { kind: basic, per: person, inVerdict: true }'
  const shared = 'identityHeaders: { profile: galaxy, secret: a-secret-of-galaxy, secretInVerdict: true }'
  const advice = (text: string) => {
    const loaded = read(text)
    return loaded.kind === 'ok' ? loaded.advice.map(({ path, message }) => `${path}  ${message}`) : said(loaded)
  }
  const about = (text: string) => advice(text).filter(line => line.includes('/.factorgate/auth'))
  t.match(about(app(login)), [/apps\[0\]\.upstreamLogin\.inVerdict {2}lets every client read this/])
  t.match(about(app(shared)), [/apps\[0\]\.identityHeaders\.secretInVerdict {2}lets every client read this/])
  t.same(about(app(`${login}, ${shared}, ${secret}`)), [])
  t.match(
    advice(`trustedProxies: []\nunsafeHttp: true\n${app(secret)}`).join('\n'),
    /forwardAuth {2}changes nothing while trustedProxies is empty/
  )
})
