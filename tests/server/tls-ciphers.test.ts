/** The cipher suites that the listener agrees on: none that a stolen key opens later, and one for programs of old Windows. */
import { once } from 'node:events'
import tls, { type SecureVersion } from 'node:tls'
import t from 'tap'
import { Listener } from '../../src/server/listener.ts'
import { Pki } from '../fixtures/process/pki.ts'

const pki = new Pki(t.testdir({}))
pki.root('root')
pki.leaf('gate', { by: 'root', san: 'DNS:gate.example', eku: 'serverAuth' })

t.test(
  'K11 · a client offers old cipher suites alone → no connection, and with TLS 1.2 each has a key of its own',
  async t => {
    const pipeline = { request: () => {}, upgrade: () => {} }
    const files = { cert: pki.file('gate.pem'), key: pki.file('gate.key') }
    const listener = new Listener(pipeline, { maxHeaderSize: 8192, tls: files })
    t.teardown(() => listener.close(0))
    const { port } = await listener.listen('127.0.0.1', 0)
    /** The suite that both agree on; null for none. */
    async function agreed(ciphers: string, maxVersion: SecureVersion = 'TLSv1.2'): Promise<string | null> {
      const about = { minVersion: 'TLSv1', rejectUnauthorized: false } as const
      const socket = tls.connect({ port, host: '127.0.0.1', ciphers, maxVersion, ...about })
      try {
        await once(socket, 'secureConnect')
        return socket.getCipher().name
      } catch {
        return null
      } finally {
        socket.destroy()
      }
    }
    const kind = (await agreed('ALL:@SECLEVEL=0'))?.split('-')[1]
    t.ok(kind === 'RSA' || kind === 'ECDSA', String(kind))
    for (const offered of ['kRSA', 'ARIA', 'AESCCM', 'SHA1', 'kDHE', 'PSK', 'aNULL', '3DES', 'RC4', 'eNULL'])
      t.equal(await agreed(`${offered}:@SECLEVEL=0`).catch(() => null), null, offered)
    t.equal(await agreed('ALL:@SECLEVEL=0', 'TLSv1.1'), null)
    for (const suite of ['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305', 'AES128-SHA256'])
      t.equal(await agreed(`ECDHE-${kind}-${suite}`), `ECDHE-${kind}-${suite}`)
    t.equal(
      await agreed(`ECDHE-${kind}-AES256-SHA384:ECDHE-${kind}-AES128-GCM-SHA256`),
      `ECDHE-${kind}-AES128-GCM-SHA256`
    )
    t.match(await agreed('ALL', 'TLSv1.3'), /^TLS_/)
    listener.reloadTls(files)
    t.equal(await agreed('kRSA:@SECLEVEL=0'), null, 'also after a reload')
  }
)
