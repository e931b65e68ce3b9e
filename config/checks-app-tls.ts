/**
 * Checks of `apps[].tls`: whom the gate trusts behind an https upstream, and with which certificate it shows itself. Owns what the keys say together
 * and what their files hold; refuses to quote their content.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { statSync } from 'node:fs'
import type { DraftApp, DraftConfig } from './draft.ts'
import type { Reading } from './reading.ts'
import { attempt, readPem } from './tls-files.ts'

type DraftTls = NonNullable<DraftApp['tls']>

/** Adds every problem and warning. `now` in milliseconds. */
export function checkAppsTls({ apps }: DraftConfig, now: number, reading: Reading): void {
  apps?.forEach((app, index) => {
    if (app?.tls == null) return
    const path = `apps[${index}].tls`
    const plain = app.upstream?.find(upstream => upstream?.origin.startsWith('http:'))
    if (plain !== undefined)
      reading.problem(
        path,
        `is for upstreams that begin with https; ${plain.socketPath === null ? plain.origin : 'a Unix socket'} does not speak TLS`
      )
    checkTogether(app.tls, path, reading)
    if (app.tls.ca != null) checkAuthorities(app.tls.ca, `${path}.ca`, now, reading)
    checkPair(app.tls, path, now, reading)
  })
}

function checkTogether(tls: DraftTls, path: string, reading: Reading): void {
  if (tls.unsafeAnyCertificate === true) {
    for (const key of ['ca', 'fingerprint'] as const)
      if (reading.isGiven(`${path}.${key}`))
        reading.problem(
          `${path}.unsafeAnyCertificate`,
          `contradicts ${path}.${key}, which names the certificates to take: remove one of the two`
        )
    reading.warning(
      `${path}.unsafeAnyCertificate`,
      "any certificate is taken for the app's: whoever is on the way to it reads and changes everything; name it with `fingerprint`"
    )
  }
  for (const [key, other] of [
    ['cert', 'key'],
    ['key', 'cert']
  ] as const)
    if (tls[key] != null && tls[other] === null) reading.problem(`${path}.${key}`, `needs ${path}.${other} beside it`)
}

function checkAuthorities(file: string, path: string, now: number, reading: Reading): void {
  const text = readPem(file, path, reading)
  if (text === null) return
  const blocks = text.match(
    /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g
  )
  const certificates = blocks?.map(block => attempt(() => new X509Certificate(block)))
  if (certificates === undefined || certificates.includes(null)) {
    reading.problem(path, 'must name a PEM file with one certificate or several')
    return
  }
  const ends = certificates.map(certificate => Date.parse(certificate?.validTo as string))
  if (Math.max(...ends) < now)
    reading.warning(
      path,
      `every certificate in it has expired, the last on ${certificates[ends.indexOf(Math.max(...ends))]?.validTo}`
    )
}

function checkPair(tls: DraftTls, path: string, now: number, reading: Reading): void {
  const cert = tls.cert == null ? null : readPem(tls.cert, `${path}.cert`, reading)
  const key = tls.key == null ? null : readPem(tls.key, `${path}.key`, reading)
  const certificate = cert === null ? null : attempt(() => new X509Certificate(cert))
  if (cert !== null && certificate === null)
    reading.problem(`${path}.cert`, 'must name a PEM file that begins with a certificate')
  const privateKey = key === null ? null : attempt(() => createPrivateKey(key))
  if (key !== null && privateKey === null)
    reading.problem(`${path}.key`, 'must name a PEM file with a private key that has no passphrase')
  if (tls.key != null && key !== null && isForEverybody(tls.key))
    reading.warning(`${path}.key`, 'everybody on this machine may read this private key: chmod 0600 it')
  if (certificate === null) return
  if (privateKey !== null && !certificate.checkPrivateKey(privateKey))
    reading.problem(`${path}.key`, `does not belong to the certificate in ${path}.cert`)
  if (Date.parse(certificate.validTo) < now)
    reading.warning(`${path}.cert`, `the certificate expired on ${certificate.validTo}: the app will refuse it`)
}

function isForEverybody(file: string): boolean {
  return attempt(() => (statSync(file).mode & 0o004) !== 0) === true
}
