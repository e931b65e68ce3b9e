/** The image and the compose file, as far as they can be judged without an engine: what they promise, and that what they name exists. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parse } from 'yaml'
import { freePort } from '../fixtures/process/free-port.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (file: string) => readFileSync(path.join(root, file), 'utf8')

/** Instructions of a Dockerfile, with continued lines joined and comments gone. */
function instructions(source: string): { word: string; rest: string }[] {
  return source
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(line => ({ word: line.split(/\s+/)[0]!, rest: line.replace(/^\S+\s+/, '').replace(/\s+/g, ' ') }))
}

t.test('Dockerfile', async t => {
  const all = instructions(read('Dockerfile'))
  const last = all.slice(all.findLastIndex(each => each.word === 'FROM'))
  const of = (word: string) => last.filter(each => each.word === word).map(each => each.rest)

  t.same(
    all.filter(each => each.word === 'FROM').map(each => each.rest),
    ['node:24-slim AS build', 'node:24-slim'],
    'two stages'
  )
  t.same(of('USER'), ['node'], 'never root')
  t.ok(
    last.findIndex(each => each.word === 'USER') > last.findLastIndex(each => each.word === 'RUN'),
    'nothing runs after the rights are given up'
  )
  t.match(of('HEALTHCHECK')[0], /CMD \["node", "-e", ".*FACTORGATE_LIVEZ.*"\]$/, 'health is asked with what is there')
  t.match(of('ENV').join(' '), /127\.0\.0\.1:9090\/livez/)
  t.same(of('EXPOSE'), ['8443'])
  t.same(of('VOLUME'), ['/var/lib/factorgate'])
  t.same(JSON.parse(of('ENTRYPOINT')[0]!), ['factorgate'])
  t.same(JSON.parse(of('CMD')[0]!), ['serve'])
  const build = all
    .filter(each => each.word === 'RUN')
    .map(each => each.rest)
    .join(' && ')
  t.match(build, /npm ci --ignore-scripts/)
  t.match(
    build,
    /npm sbom .*--omit=dev.* > sbom\.cdx\.json && npm prune --omit=dev/,
    'a bill of materials, then no tools'
  )
  const removes = of('RUN')[0]!.split(' ')
  t.same(removes.slice(0, 2), ['rm', '-rf'])
  for (const tool of ['npm', 'npx', 'corepack', 'yarn'])
    t.ok(removes.includes(`/usr/local/bin/${tool}`), `no ${tool} in what runs`)
  t.ok(removes.includes('/usr/local/lib/node_modules'))

  t.test('says what it is, as OCI images do', async t => {
    const { version, description, license } = JSON.parse(read('package.json'))
    t.same(of('ARG'), [`VERSION=${version}`])
    const labels = Object.fromEntries(
      [...of('LABEL')[0]!.matchAll(/org\.opencontainers\.image\.([\w.]+)="([^"]*)"/g)].map(match => match.slice(1))
    )
    t.match(labels, { title: 'Factorgate', description, version: '$VERSION', licenses: license })
    t.match(`FROM ${labels['base.name']}`, /\/node:24-slim$/)
  })

  t.test('copies what exists, and .dockerignore lets it through', async t => {
    const allowed = read('.dockerignore')
      .split('\n')
      .filter(line => line.startsWith('!'))
      .map(line => line.slice(1))
    const copied = all
      .filter(each => each.word === 'COPY' && !each.rest.startsWith('--from'))
      .flatMap(each => each.rest.split(' ').slice(0, -1))
    t.ok(copied.length > 5)
    for (const file of copied) {
      t.ok(existsSync(path.join(root, file)), `${file} exists`)
      t.ok(
        allowed.some(pattern => file === pattern || file.startsWith(`${pattern}/`)),
        `${file} is let through`
      )
    }
  })
})

t.test('the health check says yes to an answer and no to silence', async t => {
  const { createServer } = await import('node:http')
  const check = instructions(read('Dockerfile')).find(each => each.word === 'HEALTHCHECK')!.rest
  const [, ...args] = JSON.parse(check.slice(check.indexOf('CMD ') + 4)) as string[]
  const server = createServer((request, response) => response.writeHead(request.url === '/livez' ? 200 : 503).end())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  const ask = (url: string) =>
    new Promise(resolve => spawn(process.execPath, args, { env: { FACTORGATE_LIVEZ: url } }).on('exit', resolve))
  t.equal(await ask(`http://127.0.0.1:${port}/livez`), 0)
  t.equal(await ask(`http://127.0.0.1:${port}/gone`), 1)
  t.equal(await ask('http://127.0.0.1:1/livez'), 1)
})

t.test('compose.yaml', async t => {
  const compose = parse(read('compose.yaml'))
  const config = parse(read('config/examples/compose.yaml'))
  const { gate, key, redis, lab } = compose.services

  t.same(Object.keys(compose.services), ['gate', 'key', 'redis', 'lab'])
  for (const [name, service] of Object.entries<Record<string, unknown>>(compose.services)) {
    t.equal(service.read_only, true, `${name} has a read-only root`)
    t.same(service.cap_drop, ['ALL'], `${name} has no capability`)
    t.same(service.security_opt, ['no-new-privileges:true'])
  }
  t.same(gate.ports, ['127.0.0.1:8443:8443'], 'only the gate is reached from outside, and only from this machine')
  for (const service of [redis, lab]) {
    t.equal(service.ports, undefined)
    t.same(service.networks, ['inside'])
  }
  t.equal(compose.networks.inside.internal, true)
  t.match(redis.command[0], /--appendonly yes .*--maxmemory-policy noeviction/, 'Redis forgets nothing')
  t.match(redis.command[0], /requirepass/)
  t.notMatch(redis.command[0], /--requirepass/, 'no password among the arguments')
  t.same(compose.secrets, { 'redis-password': { file: './secrets/redis-password' } })
  t.notMatch(JSON.stringify(compose), /REDIS_PASSWORD|"environment"/, 'no secret in an environment')
  t.match(read('.gitignore'), /^secrets\/$/m)
  const [{ source, target }] = gate.secrets
  t.equal(source, 'redis-password')
  t.equal(target, path.posix.join('/etc/factorgate', config.redis.passwordFile), 'where the configuration looks for it')
  t.match(key.entrypoint[2], /test -e (\S+) \|\| factorgate key new \1$/, 'an existing key is never replaced')

  t.test('one service builds the image, and the others take it from nowhere else', async t => {
    const ours = [gate, key, lab]
    t.same(
      ours.map(({ image, build, pull_policy }) => [image, build, pull_policy]),
      [
        ['factorgate', '.', undefined],
        ['factorgate', undefined, 'never'],
        ['factorgate', undefined, 'never']
      ]
    )
    t.equal(redis.build, undefined)
  })

  t.test('its Redis asks for the password of the secret, and its health check knows it', async t => {
    const secret = path.join(t.testdir({ secret: 'a1b2c3\n', data: {} }), 'secret')
    const port = await freePort()
    const here = (script: string) =>
      script
        .replaceAll('$$', '$')
        .replaceAll('/run/secrets/redis-password', secret)
        .replace('--dir /data', `--port ${port} --dir ${path.dirname(secret)}/data`)
        .replace('redis-cli ', `redis-cli -p ${port} `)
    const server = spawn('/bin/sh', ['-c', here(redis.command[0])], { stdio: ['ignore', 'pipe', 'ignore'] })
    t.teardown(() => server.kill())
    for await (const part of server.stdout) if (String(part).includes('Ready to accept')) break
    const check = (script: string) => spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8' })
    const [kind, script] = redis.healthcheck.test
    t.equal(kind, 'CMD-SHELL')
    t.equal(check(here(script)).status, 0)
    t.match(check(`redis-cli -p ${port} ping`).stdout, /NOAUTH/)
    t.equal(check(here(script).replace('$(cat', '$(echo')).status, 1, 'a wrong password is not healthy')
    t.equal(check(`REDISCLI_AUTH=a1b2c3 redis-cli -p ${port} shutdown nosave`).status, 0)
  })

  t.test('fits the configuration it mounts', async t => {
    const [file, mounted] = gate.volumes[0].split(':')
    t.equal(path.posix.normalize(file), 'config/examples/compose.yaml')
    t.match(read('Dockerfile'), `FACTORGATE_CONFIG=${mounted}`)
    t.equal(config.listen.port, 8443)
    t.equal(new URL(config.store).hostname, 'redis')
    t.equal(new URL(config.apps[0].upstream).host, `lab:${lab.entrypoint[2]}`)
    t.ok(key.entrypoint[2].includes(config.keyFile))
    for (const written of [config.keyFile, config.journal])
      t.match(written, /^\/var\/lib\/factorgate\//, 'writes where it may')
    t.ok(existsSync(path.join(root, lab.entrypoint[1].replace('/app/dist/', '').replace('.js', '.ts'))))
  })
})
