/** An attacker who makes attestation certificates: a root of their own, and under it one that says it is a well-known maker's (L3 §8.2.1). */
import { execFile } from 'node:child_process'
import { createPrivateKey, sign } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { temporaryDirectory } from '../../fixtures/process/redis-server.ts'

interface Maker {
  /** A packed statement over these bytes, with `chain` as its x5c. */
  packed(data: Buffer, chain?: readonly Buffer[]): Map<string, unknown>
  readonly leaf: Buffer
  readonly root: Buffer
}

export async function selfMadeMaker(t: Test): Promise<Maker> {
  const folder = temporaryDirectory(t)
  const at = (name: string) => path.join(folder, name)
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const openssl = (...args: string[]) => promisify(execFile)('openssl', ['req', '-x509', ...ec, ...args])
  // Of its own, so that nothing of the machine's configuration adds an extension.
  writeFileSync(at('empty.cnf'), '[req]\ndistinguished_name=name\n[name]\n')
  const config = ['-config', at('empty.cnf')]
  const files = (name: string) => ['-keyout', at(`${name}.key`), '-out', at(`${name}.crt`)]
  await openssl(
    ...config,
    ...files('root'),
    '-subj',
    '/CN=Yubico U2F Root CA',
    '-addext',
    'basicConstraints=critical,CA:TRUE'
  )
  await openssl(
    ...[...config, ...files('leaf'), '-CA', at('root.crt'), '-CAkey', at('root.key')],
    ...[
      '-subj',
      '/C=SE/O=Yubico AB/OU=Authenticator Attestation/CN=Yubico U2F EE',
      '-addext',
      'basicConstraints=critical,CA:FALSE'
    ]
  )
  const der = (name: string) =>
    Buffer.from(readFileSync(at(`${name}.crt`), 'utf8').replace(/-----[^-]+-----|\s/g, ''), 'base64')
  const [leaf, root] = [der('leaf'), der('root')]
  const key = createPrivateKey(readFileSync(at('leaf.key')))
  return {
    leaf,
    root,
    packed: (data, chain = [leaf, root]) =>
      new Map<string, unknown>([
        ['alg', -7],
        ['sig', sign('sha256', data, key)],
        ['x5c', [...chain]]
      ])
  }
}
