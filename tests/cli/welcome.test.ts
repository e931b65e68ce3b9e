/** What `serve --upstream` says at its start, until the first operator has enrolled. */
import t from 'tap'
import { loadConfig } from '../../config/load.ts'
import { welcome } from '../../src/cli/serve.ts'
import { echoApp, startGateway } from '../helpers/gateway.ts'

t.test('an invitation at the first start, then how to make another, and nothing once somebody is in', async t => {
  const app = await echoApp(t)
  const apps = `  - { id: one, url: "http://one.localhost:PORT", upstream: "${app.url}" }\n`
  const gate = await startGateway(t, { apps })
  const loaded = await loadConfig({ file: gate.configFile, env: {}, cwd: gate.folder })
  if (loaded.kind === 'bad') throw new Error('the configuration is bad')
  const said = async () => {
    let text = ''
    await welcome(gate.server, loaded.config, {
      stderr: part => {
        text += part
      }
    })
    return text
  }
  t.match(await said(), /Nobody has an account yet[\s\S]*\/\.factorgate\/invite\/[\w-]{43}\n/)
  const again = await said()
  t.match(again, /'admin' has not enrolled yet[\s\S]*factorgate user invite admin/)
  t.notMatch(again, /\/invite\//, 'an invitation is printed for whoever asks for one')
  const { accounts, credentials } = gate.server.runtime
  const admin = await accounts.byName('admin')
  await credentials.add({
    id: 'A'.repeat(22),
    accountId: admin!.id,
    kind: 'totp',
    name: 'Telephone',
    createdAt: 1,
    lastUsedAt: null,
    lastUsedFrom: null,
    disabledAt: null,
    secret: 'sealed',
    algorithm: 'SHA1',
    digits: 6,
    periodSeconds: 30,
    lastStep: 0
  })
  t.equal(await said(), '')
})
