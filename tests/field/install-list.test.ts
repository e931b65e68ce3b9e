/**
 * FIELD N10: the README's ten minutes, walked literally: the commands stand in the README and run here, in a folder of their own.
 * tests/docs/backup.test.ts does the same with backup, restore and upgrade.
 */
import { cpSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { freePort } from '../fixtures/process/free-port.ts'
import { exitCodeOf, spawnServing } from '../fixtures/process/gate.ts'
import { sampleHost } from '../fixtures/process/sample-host.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** The shell blocks of a section of the README. */
function shellBlocks(section: string): string[] {
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8')
  const [, rest = ''] = readme.split(`\n## ${section}\n`)
  return [...rest.split('\n## ')[0]!.matchAll(/```sh\n([\s\S]*?)```/g)].map(match => match[1]!)
}

t.test('FIELD N10 the ten minutes end with a gate that serves', async t => {
  const [port, adminPort] = [await freePort(), await freePort()]
  const host = sampleHost(t, { places: [[':8443', `:${port}`]] })
  const install = shellBlocks('Install it in ten minutes')
  const out = host.run(install[0]!)
  t.match(out, new RegExp(`^https://gate\\.lab\\.example:${port}/\\.factorgate/invite/[\\w-]{43}$`, 'm'))
  for (const call of ['npm ci --include=dev', 'systemctl daemon-reload', 'systemctl enable --now factorgate'])
    t.ok(host.calls().includes(call), call)
  for (const name of ['store', 'factorgate.key', 'journal.jsonl'])
    t.ok(existsSync(host.at('var/lib/factorgate', name)), name)
  t.notOk(existsSync(host.at('etc/factorgate/var')), 'nothing has to be moved')
  t.equal(statSync(host.at('var/lib/factorgate/factorgate.key')).mode & 0o777, 0o600)

  t.test('the unit starts what was installed, and lets it write where it keeps its data', async t => {
    const unit = readFileSync(host.at('systemd/factorgate.service'), 'utf8')
    t.match(
      unit,
      /^ExecStart=\/usr\/bin\/node \/opt\/factorgate\/dist\/src\/main\.js serve --config \/etc\/factorgate\/factorgate\.yaml$/m
    )
    t.match(unit, /^StateDirectory=factorgate$/m)
    t.match(unit, /^User=factorgate$/m)
  })

  t.test('the gate serves https with what the list has made', async t => {
    const file = host.at('etc/factorgate/factorgate.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replace('9090', String(adminPort)))
    const gate = await spawnServing(t, host.at('bin/factorgate'), ['serve'], host.env)
    const ca = readFileSync(host.at('etc/factorgate/tls.crt'))
    const status = await new Promise<number>((resolve, reject) => {
      const name = `gate.lab.example:${port}`
      https
        .get(
          {
            host: '127.0.0.1',
            port,
            servername: 'gate.lab.example',
            ca,
            path: '/.factorgate/login',
            headers: { host: name },
            agent: false
          },
          response => {
            response.resume()
            resolve(response.statusCode!)
          }
        )
        .on('error', reject)
    })
    t.equal(status, 200)
    t.equal(await exitCodeOf(gate), 0)
  })

  t.test('what a certificate hook copies belongs to the service', async t => {
    const hook = install.find(block => block.includes('RENEWED_LINEAGE'))!
    for (const [file, name] of [
      ['tls.key', 'privkey.pem'],
      ['tls.crt', 'fullchain.pem']
    ] as const)
      cpSync(host.at('etc/factorgate', file), host.at('live', name))
    host.run(`export RENEWED_LINEAGE=${host.at('live')}\n${hook}`)
    t.equal(statSync(host.at('etc/factorgate/tls.key')).mode & 0o777, 0o600)
    t.match(host.calls().join('\n'), /install -o factorgate -g factorgate -m 0600/)
  })
})
