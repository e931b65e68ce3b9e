/**
 * The rows P of docs/THREATS.md: one path in many spellings, one host with many names. The app gets exactly the bytes that the gate has
 * judged.
 */
import t from 'tap'
import { Lab } from '../../fixtures/in-process/wire.ts'
import { tryAll } from '../table.ts'
import { makeJudge } from './paths-judge.ts'
import { placeRows } from './paths-places.ts'
import { spellingRows } from './paths-spellings.ts'

const apps = `
  - id: app
    url: "http://app.localhost:PORT"
    upstream: "UP"
    rules:
      - { path: /public/**, access: public }
      - { path: /admin/**, groups: [operators], access: mfa }
      - { path: /admin/**, access: deny }
      - { access: mfa }
  - { id: one, url: "http://shared.localhost:PORT/app1", upstream: "UP", rules: [{ access: public }] }
  - { id: two, url: "http://shared.localhost:PORT/app2", upstream: "OTHER" }
  - { id: secure, url: "https://secure.lab.example", upstream: "OTHER" }
  - id: listed
    url: "http://listed.localhost:PORT"
    upstream: "OTHER"
    rules: [{ path: /known/**, access: mfa }]
  - id: exact
    url: "http://exact.localhost:PORT"
    upstream: "OTHER"
    caseSensitive: true
    rules: [{ path: /public/**, access: public }]`

t.test('paths', async t => {
  const lab = await Lab.start(t, { apps })
  const judge = makeJudge(lab, await lab.cookieOf('olga', ['operators']))
  await tryAll(t, [...spellingRows(lab, judge), ...placeRows(lab, judge)])
})
