/** A real nginx with the example's `auth_request`, in front of a recorder: what the gate refuses never gets there, whatever the client says besides. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { freePort } from '../helpers/free-port.ts'
import { ask, navigation, startGateway } from '../helpers/gateway.ts'
import { startUpstream, valuesOf } from '../helpers/upstream.ts'

const example = new URL('../../config/examples/nginx-auth-request.conf', import.meta.url)

t.test('nginx asks, and obeys', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'factorgate-nginx-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const upstream = await startUpstream(t)
  const port = await freePort()
  const gate = await startGateway(t, {
    extra: 'trustedProxies: ["127.0.0.1"]',
    apps: `  - id: one
    url: "http://one.localhost:${port}"
    upstream: "${upstream.origin}"
    rules:
      - { path: /public/**, access: public }
      - { path: /admin/**, access: deny }
      - { path: /drop/**, methods: [GET, HEAD], access: mfa }
      - { path: /drop/**, access: deny }
      - { access: mfa }`
  })
  const server = readFileSync(example, 'utf8')
    .replace('listen 443 ssl;', `listen 127.0.0.1:${port};`)
    .replace(/^ *ssl_certificate.*\n/gm, '')
    .replace('notebooks.lab.example', 'one.localhost')
    .replaceAll('127.0.0.1:8443', `127.0.0.1:${gate.port}`)
    .replace('http://127.0.0.1:8888', upstream.origin)
  t.notMatch(server, /8443|8888|ssl/)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  writeFileSync(
    `${folder}/nginx.conf`,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr notice;
events { worker_connections 64; }
http { access_log off; ${temporary.map(name => `${name}_temp_path ${folder}/${name};`).join(' ')}
${server}
}`
  )
  const child = spawn('nginx', ['-p', folder, '-e', 'stderr', '-c', `${folder}/nginx.conf`], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
    stdio: ['ignore', 'ignore', 'pipe']
  })
  t.teardown(async () => {
    if (child.exitCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'exit')
  })
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error(said)))
    child.stderr.on('data', part => {
      said += part
      if (/getrlimit/.test(said)) resolve()
    })
  })

  const host = `one.localhost:${port}`
  const alice = await gate.account('alice')
  const { principal } = await gate.signIn(alice)
  const { sessions } = gate.server.runtime
  const there = await sessions.redeem(await sessions.handOver(principal, host, 'test', `http://${host}/`), host, 'test')
  const cookie = `factorgate=${there?.token}`
  const through = (target: string, headers: Record<string, string> = {}, method = 'GET') =>
    ask(port, method, `http://${host}${target}`, headers)

  t.test('a person comes through, named by the gate alone', async t => {
    const seen = upstream.request()
    const answer = await through('/data?x=1', { cookie, 'Remote-User': 'root', 'Remote-Groups': 'operators' })
    t.equal(answer.status, 200)
    const request = await seen
    t.equal(request.line, 'GET /data?x=1 HTTP/1.1')
    t.same(valuesOf(request, 'remote-user'), ['alice'])
    t.same(valuesOf(request, 'remote-groups'), ['researchers'])
    t.equal((await through('/public/x')).status, 200)
  })

  t.test('a stranger is sent to sign in, a denied path stays denied, whatever is said besides', async t => {
    const before = upstream.bytes().length
    const stranger = await through('/data', navigation)
    t.equal(stranger.status, 302)
    t.match(stranger.headers.location, `${gate.portal}/.factorgate/login?rd=`)
    t.match(stranger.headers['set-cookie']?.[0], /^factorgate-nonce=/)
    const additions: Record<string, string>[] = [
      {},
      { 'X-Original-URL': `http://${host}/public/x`, 'X-Original-Method': 'GET' },
      { 'X-Forwarded-Uri': '/public/x', 'X-Forwarded-Host': host, 'X-Forwarded-Method': 'GET' },
      { 'X-Forwarded-For': '10.0.0.1', 'X-Original-URI': '/public/x', 'X-Rewrite-URL': '/public/x' }
    ]
    for (const added of additions) {
      for (const target of ['/admin/x', '/public/../admin/x', '//admin/x', '/ADMIN/x', '/public/..%2fadmin/x'])
        t.equal((await through(target, { cookie, ...added })).status, 403, `${target} ${JSON.stringify(added)}`)
      t.equal((await through('/drop/x', { cookie, ...added }, 'DELETE')).status, 403)
      t.not((await through('/data', added)).status, 200)
    }
    const socket = {
      cookie,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      'Sec-WebSocket-Version': '13'
    }
    t.equal(
      (await through('/ws', { ...socket, Origin: 'https://evil.test' })).status,
      403,
      'a socket from another site'
    )
    for (const place of ['/admin/y', `http://${host}/admin/y`])
      t.equal((await through('/x', { cookie, Destination: place }, 'MOVE')).status, 403, `MOVE to ${place}`)
    t.equal(upstream.bytes().length, before, 'nothing upstream')
  })
})
