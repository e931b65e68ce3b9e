/** The files of TLS: can they be read, do certificate and key fit, has it expired. Refuses to quote their content. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { shown } from './problems.ts'
import type { Reading } from './reading.ts'

/** Says every problem with `listen.tls`. */
export function checkTlsFiles(tls: { cert?: string; key?: string }, now: number, reading: Reading): void {
  const cert = tls.cert === undefined ? null : readPem(tls.cert, 'listen.tls.cert', reading)
  const key = tls.key === undefined ? null : readPem(tls.key, 'listen.tls.key', reading)
  const certificate = cert === null ? null : attempt(() => new X509Certificate(cert))
  if (cert !== null && certificate === null)
    reading.problem('listen.tls.cert', 'must name a PEM file that begins with a certificate')
  const privateKey = key === null ? null : attempt(() => createPrivateKey(key))
  if (key !== null && privateKey === null)
    reading.problem('listen.tls.key', 'must name a PEM file with a private key that has no passphrase')
  if (certificate === null || privateKey === null) return
  if (!certificate.checkPrivateKey(privateKey))
    reading.problem('listen.tls.key', 'does not belong to the certificate in listen.tls.cert')
  if (Date.parse(certificate.validTo) < now)
    reading.warning('listen.tls.cert', `the certificate expired on ${certificate.validTo}: browsers will refuse it`)
}

/** Says which of the files towards Redis cannot be read; what they hold is the driver's to judge. */
export function checkRedisFiles(
  tls: { ca?: string | null; cert?: string | null; key?: string | null },
  reading: Reading
): void {
  for (const name of ['ca', 'cert', 'key'] as const)
    if (tls[name] != null) readPem(tls[name], `redis.tls.${name}`, reading)
}

function readPem(file: string, path: string, reading: Reading): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const why = code === 'ENOENT' || code === 'ENOTDIR' ? 'there is no such file' : `it cannot be read (${code})`
    reading.problem(path, `must name a readable file; ${why}: ${shown(file)}`)
    return null
  }
}

function attempt<T>(work: () => T): T | null {
  try {
    return work()
  } catch {
    return null
  }
}
