/** The names under which anybody can register, and that their list is loaded only on demand. */
import { createRequire } from 'node:module'
import t from 'tap'
import { parseConfig } from '../../config/load.ts'
import { isPublicSuffix } from '../../config/values/public-suffixes.ts'

const require = createRequire(import.meta.url)
const isLoaded = () => require.resolve('tldts') in require.cache
const config = (portal: string) => `
portal: { url: "https://gate.lab.example"${portal} }
store: embedded:./store
keyFile: ./key
apps: [{ id: app, url: "https://app.lab.example", upstream: "http://127.0.0.1:1" }]`

t.test('the list is loaded only for an rpId above the portal', async t => {
  parseConfig(config(''), '/nowhere/factorgate.yaml')
  t.notOk(isLoaded(), 'without one')
  parseConfig(config(', rpId: gate.lab.example'), '/nowhere/factorgate.yaml')
  t.notOk(isLoaded(), 'nor for the host itself')
  parseConfig(config(', rpId: lab.example'), '/nowhere/factorgate.yaml')
  t.ok(isLoaded(), 'for a domain above it')
})

t.test('names under which strangers have names', async t => {
  for (const name of [
    'com',
    'lab',
    'localhost',
    'co.uk',
    'github.io',
    'kawasaki.jp',
    'x.ck',
    'xn--p1ai',
    'nip.io',
    'home.arpa'
  ])
    t.ok(isPublicSuffix(name), name)
  for (const name of ['lab.example', 'example.org', 'foo.github.io', 'city.kawasaki.jp', 'www.ck', 'uni.ac.uk'])
    t.notOk(isPublicSuffix(name), name)
})
