/** What `factorgate doctor` says of the servers that the gate sends to. Nothing is sent to them. */
import { type AddressInfo, createServer, type Server } from 'node:net'
import path from 'node:path'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { parseConfig } from '../../../config/load.ts'
import { probeOutgoing } from '../../../src/cli/doctor/outgoing.ts'
import { startSmtp } from '../../fixtures/in-process/smtp-server.ts'
import { freePort } from '../../fixtures/process/free-port.ts'
import { Pki } from '../../fixtures/process/pki.ts'

async function listening(t: Test, server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

t.test('mail, webhooks, exports and traces: each way of failing has its sentence and its way out', async t => {
  const folder = t.testdir({ token: 'secret', secret: 'x'.repeat(24) })
  const pki = new Pki(path.join(folder, 'pki'))
  pki.root('root')
  pki.root('clients')
  pki.leaf('server', { by: 'root', eku: 'serverAuth', san: 'DNS:localhost,IP:127.0.0.1' })
  pki.leaf('gate', { by: 'clients' })
  pki.leaf('stranger', { by: 'root' })
  const pair = { cert: pki.read('server.pem'), key: pki.read('server.key') }
  const ca = pki.file('root.pem')
  const heard: string[] = []
  const hear = (socket: tls.TLSSocket) => socket.on('error', () => {}).on('data', bytes => heard.push(String(bytes)))
  const secure = await listening(t, tls.createServer(pair, hear))
  const choosy = await listening(
    t,
    tls.createServer({ ...pair, ca: pki.read('clients.pem'), requestCert: true, rejectUnauthorized: true }, hear)
  )
  const plain = await listening(
    t,
    createServer(socket => socket.resume().on('error', () => {}))
  )
  const mute = await listening(
    t,
    createServer(socket => socket.destroy())
  )
  const gone = await freePort()
  const mailServer = await startSmtp(t, { pair })
  const refusing = await startSmtp(t, { pair })
  refusing.answers = { auth: '535 wrong password' }
  const bare = await startSmtp(t)

  const mail = (port: number, more: object = {}) => ({
    notify: {
      mail: {
        server: `smtp://127.0.0.1:${port}`,
        from: 'gate@lab.example',
        user: 'gate',
        password: 'pass',
        ca,
        ...more
      }
    }
  })
  const webhook = (url: string, more: object = {}) => ({
    notify: { webhooks: [{ url, secret: 'x'.repeat(24), ...more }] }
  })
  const sent = (to: string, more: object = {}) => ({ journal: { export: [{ id: 'siem', to, ...more }] } })
  const client = (name: string) => ({ ca, cert: pki.file(`${name}.pem`), key: pki.file(`${name}.key`) })
  const token = (name: string) => ({ tokenFile: path.join(folder, name) })
  const nowhere = /webhook at 127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED/

  const rows: [
    sentence: string,
    config: object,
    expected: null | readonly [path: string, wrong: RegExp, mend: RegExp]
  ][] = [
    ['the mail server lets the gate in', mail(mailServer.port), null],
    ['without a user', mail(mailServer.port, { user: undefined, password: undefined }), null],
    [
      'it refuses the password',
      mail(refusing.port),
      ['notify.mail', /sign-in at the mail server: 535/, /the password/]
    ],
    ['it offers no TLS', mail(bare.port), ['notify.mail', /takes no mail from the gate/, /notify\.mail/]],
    [
      'its authority is not known',
      mail(mailServer.port, { ca: undefined }),
      ['notify.mail', /certificate/, /three days/]
    ],
    ['no mail server', mail(gone), ['notify.mail', /ECONNREFUSED/, /Correct the server/]],
    ['a webhook answers', webhook(`https://localhost:${secure}/hidden`, { ca }), null],
    [
      'a webhook is gone',
      webhook(`https://127.0.0.1:${gone}/hidden`, { ca }),
      ['notify.webhooks[0]', nowhere, /Start that/]
    ],
    [
      'the authority of a webhook is not known',
      webhook(`https://127.0.0.1:${secure}/hidden`),
      ['notify.webhooks[0]', /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN/, /as 'ca'/]
    ],
    ['syslog over TLS', sent(`syslog+tls://127.0.0.1:${secure}`, { ca }), null],
    [
      'syslog with the client certificate that is wanted',
      sent(`syslog+tls://127.0.0.1:${choosy}`, client('gate')),
      null
    ],
    [
      'syslog with another one',
      sent(`syslog+tls://127.0.0.1:${choosy}`, client('stranger')),
      ['journal.export[0]', /the export 'siem' at .* cannot be reached/, /as 'ca'/]
    ],
    ['syslog in the clear', sent(`syslog+tcp://127.0.0.1:${plain}`, { unsafePlain: true }), null],
    [
      'a server that closes at once',
      sent(`syslog+tls://127.0.0.1:${mute}`, { ca }),
      ['journal.export[0]', /cannot be reached/, /Start that server/]
    ],
    ['a collector', sent(`https://127.0.0.1:${secure}/in`, { ca, ...token('token') }), null],
    [
      'a collector without its token',
      sent(`https://127.0.0.1:${secure}/in`, { ca, ...token('lost') }),
      ['journal.export[0]', /the gate cannot read .*lost/, /Correct the path/]
    ],
    ['a collector of traces', { traces: { endpoint: `http://127.0.0.1:${plain}/v1/traces` } }, null],
    [
      'a collector of traces that is gone',
      { traces: { endpoint: `http://127.0.0.1:${gone}/v1/traces` } },
      ['traces', /the collector of traces at .* cannot be reached/, /firewall/]
    ]
  ]
  for (const [sentence, more, expected] of rows) {
    const text = JSON.stringify({ portal: { url: 'http://127.0.0.1:8443', title: 'Lab' }, apps: [], ...more })
    const loaded = parseConfig(text, path.join(folder, 'factorgate.yaml'), {})
    if (loaded.kind === 'bad') throw new Error(`${sentence}: ${JSON.stringify(loaded.problems)}`)
    const found = await probeOutgoing(loaded.config)
    if (expected === null) t.same(found, [], sentence)
    else {
      const [where, wrong, mend] = expected
      t.match(found, [{ degree: 'warning', path: where, wrong, mend }], sentence)
      t.equal(found.length, 1, sentence)
    }
    t.notMatch(JSON.stringify(found), /hidden|pass"|secret/, `${sentence}: no secret is shown`)
  }
  t.same(heard, [], 'nothing was sent')
  for (const server of [mailServer, refusing, bare]) t.same(server.mails, [], 'no mail either')
})
