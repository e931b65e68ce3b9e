/** A Redis that asks for certificates of its clients: what is wrong is named, in the check of the configuration and when it is opened. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { openStore } from '../../../src/store/open.ts'
import { terminal, usualConfig } from '../../cli/terminal.ts'
import { freePort } from '../../fixtures/process/free-port.ts'
import { makeCertificates, startRedis } from '../../fixtures/process/redis-server.ts'

t.test('the right certificate is taken, and each other one is named', async t => {
  const [ours, strange] = [await makeCertificates(t), await makeCertificates(t)]
  const pem = (file: string) => readFileSync(file, 'utf8')
  const files = ['--tls-cert-file', ours.cert, '--tls-key-file', ours.key, '--tls-ca-cert-file', ours.ca]
  const { port } = await startRedis(t, { tls: true, args: [...files, '--tls-auth-clients', 'yes'] })
  const url = `rediss://127.0.0.1:${port}`
  const ca = pem(ours.ca)
  const store = await openStore(url, { tls: { ca, cert: pem(ours.cert), key: pem(ours.key) } })
  await store.put('a', 'x')
  await store.close()
  for (const [tls, message] of [
    [{ ca }, /asks for a client's certificate/],
    [
      { ca, cert: pem(strange.cert), key: pem(strange.key) },
      /refuses the certificate of the gate \(unknown ca\); name one in redis\.tls\.cert/
    ],
    [
      { ca, cert: pem(ours.cert), key: pem(strange.key) },
      /redis\.tls\.key does not belong to the certificate in redis\.tls\.cert/
    ],
    [{ ca, cert: 'x', key: pem(ours.key) }, /a file of redis\.tls holds nothing that can be used/]
  ] as const)
    await t.rejects(openStore(url, { tls }), { name: 'StoreMisconfigured', message })
})

t.test('where nothing listens, TLS is not blamed', async t => {
  const error = await openStore(`rediss://127.0.0.1:${await freePort()}`).catch(error => error)
  t.match(error.message, /cannot be reached: nothing listens there; start Redis, or correct the address\.$/)
})

t.test('`check` names files that do not belong together or hold something else', async t => {
  const [one, other] = [await makeCertificates(t), await makeCertificates(t)]
  const checked = async (tls: object) => {
    const redis = `store: rediss://127.0.0.1:1\nredis: { tls: ${JSON.stringify(tls)} }\n`
    const factorgate = terminal(t, { config: redis + usualConfig })
    await factorgate.newKey()
    return factorgate('check')
  }
  t.match(await checked({ ca: one.ca, cert: one.cert, key: one.key }), { code: 0 })
  t.match(await checked({ cert: one.cert, key: other.key }), {
    code: 1,
    stdout: /redis\.tls\.key {2}does not belong to the certificate in redis\.tls\.cert/
  })
  const text = path.join(path.dirname(one.ca), 'text.pem')
  writeFileSync(text, 'no certificate\n')
  t.match(await checked({ ca: text }), {
    code: 1,
    stdout: /redis\.tls\.ca {2}must name a PEM file that begins with a certificate/
  })
})
