/** What is wrong with an app's `upstreamLogin`. */
import t from 'tap'
import { read, said } from './read.ts'

const app = (more: string) =>
  `apps: [{ id: a, url: https://a.example, upstream: http://127.0.0.1, upstreamLogin: { kind: basic, per: person }, ${more} }]`

const rows: readonly (readonly [sentence: string, text: string, problem: string])[] = [
  [
    'two that set Authorization',
    app('addHeaders: { authorization: x }'),
    '1:84  apps[0].upstreamLogin  must differ from apps[0].addHeaders.authorization: apps cannot tell the two headers apart'
  ],
  [
    'a client may not send what the gate sets',
    app('passHeaders: [Authorization]'),
    '1:128  apps[0].passHeaders[0]  must not pass, because the app gets this header from the gate (apps[0].upstreamLogin)'
  ],
  [
    'an app that only reports',
    app('enforce: report'),
    '1:84  apps[0].upstreamLogin  cannot be used with apps[0].enforce: report, which lets strangers in who have no login'
  ],
  [
    'another kind',
    app('').replace('kind: basic', 'kind: digest'),
    "1:92  apps[0].upstreamLogin.kind  must be 'basic', got 'digest'"
  ]
]

t.test('says what is wrong', async t => {
  for (const [sentence, text, problem] of rows) t.same(said(read(text)), [problem], sentence)
})
