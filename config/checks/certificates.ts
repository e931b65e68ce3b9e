/** Checks the TLS files for visitors, apps and Redis: readable, matching and current. No message quotes them. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import type { Diagnostics } from '../reading/diagnostics.ts'
import { readText } from '../reading/text-sources.ts'
import type { DraftApp, DraftConfig } from '../schema.ts'
import { shownFile } from '../values/invalid.ts'

/** `now` in milliseconds. */
export function checkTlsFiles(
  tls: { cert?: string | null; key?: string | null },
  now: number,
  diagnostics: Diagnostics,
  hosts: readonly { path: string; host: string }[] = []
): void {
  const { certificate } = readPair(tls, 'listen.tls', diagnostics)
  if (certificate === null) return
  for (const { path, wrong, mend } of certificateRemarks(certificate, hosts, now)) {
    // The gate says it too when it starts.
    if (path === 'listen.tls.cert' && Date.parse(certificate.validTo) < now)
      diagnostics.warning(path, `${wrong}; ${mend}`)
    else diagnostics.advise(path, `${wrong}; ${mend}`)
  }
}

const dayMs = 24 * 3600_000

/** About the certificate that visitors get. */
interface CertificateRemark {
  /** The key of the configuration. */
  readonly path: string
  readonly wrong: string
  readonly mend: string
  /** It will be wrong, and is not yet. */
  readonly isSoon: boolean
}

/** About end, beginning and names. `now` in milliseconds. */
export function certificateRemarks(
  certificate: X509Certificate,
  hosts: readonly { path: string; host: string }[],
  now: number
): CertificateRemark[] {
  const names = (certificate.subjectAltName ?? '').replaceAll(/(?:DNS|IP Address):/g, '')
  const uncovered = hosts.filter(({ host }) => {
    const covers = isIP(host) === 0 ? certificate.checkHost(host, { subject: 'never' }) : certificate.checkIP(host)
    return covers === undefined
  })
  return [
    ...dateRemarks(certificate, now),
    ...uncovered.map(({ path, host }) => ({
      path,
      isSoon: false,
      wrong: `the certificate in listen.tls.cert is not for ${host} but for ${names === '' ? 'no host at all' : names}: browsers will refuse it`,
      mend: 'use one that names this host too'
    }))
  ]
}

function dateRemarks({ validFrom, validTo }: X509Certificate, now: number): CertificateRemark[] {
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)]
  // Certificates of a few days are renewed after two thirds of their life.
  const soon = Math.min(14 * dayMs, (to - from) / 3)
  const remark = (wrong: string, mend: string, isSoon = false) => [{ path: 'listen.tls.cert', wrong, mend, isSoon }]
  if (to < now)
    return remark(
      `the certificate expired on ${validTo}: browsers will refuse it`,
      'renew it; the gate reads the new file by itself'
    )
  if (from > now)
    return remark(`the certificate is not valid before ${validFrom}: browsers refuse it until then`, 'check the clock')
  if (to - now >= soon) return []
  return remark(
    `the certificate expires on ${validTo}, in ${Math.floor((to - now) / dayMs)} days`,
    'renew it; the gate reads the new file by itself',
    true
  )
}

/** Unreadable files, other content, or files that do not belong together. */
export function checkRedisFiles(
  tls: { ca?: string | null; cert?: string | null; key?: string | null },
  diagnostics: Diagnostics
): void {
  if (tls.ca != null) checkAuthority(tls.ca, 'redis.tls.ca', diagnostics)
  readPair(tls, 'redis.tls', diagnostics)
}

/** Unreadable, or without a certificate. */
export function checkAuthority(file: string, path: string, diagnostics: Diagnostics): void {
  const pem = readPem(file, path, diagnostics)
  if (pem !== null && attempt(() => new X509Certificate(pem)) === null)
    diagnostics.problem(path, `must name a PEM file that begins with a certificate; ${found(file, pem)}`)
}

/** What a PEM file holds in place of what is needed. */
function found(file: string, pem: string): string {
  const [, label] = /-----BEGIN ([A-Z0-9 ]{1,40})-----/.exec(pem) ?? []
  const isLocked = label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type: 4,ENCRYPTED/m.test(pem)
  if (pem.trim() === '') return `${shownFile(file)} is empty`
  if (label === undefined) return `${shownFile(file)} has no line -----BEGIN …-----`
  if (isLocked)
    return `the key in ${shownFile(file)} has one: write a copy without it with openssl pkey -in FILE -out NEW.pem`
  return `${shownFile(file)} begins with ${/^[AEIOU]/.test(label) ? 'an' : 'a'} ${label}, or is damaged`
}

/** Reports unreadable or mismatched files. `hasKey`: the key's file is text. */
export function readPair(
  tls: { cert?: string | null; key?: string | null },
  path: string,
  diagnostics: Diagnostics
): { certificate: X509Certificate | null; hasKey: boolean } {
  const cert = tls.cert == null ? null : readPem(tls.cert, `${path}.cert`, diagnostics)
  const key = tls.key == null ? null : readPem(tls.key, `${path}.key`, diagnostics)
  const certificate = cert === null ? null : attempt(() => new X509Certificate(cert))
  if (cert !== null && certificate === null)
    diagnostics.problem(
      `${path}.cert`,
      `must name a PEM file that begins with a certificate; ${found(tls.cert as string, cert)}`
    )
  const privateKey = key === null ? null : attempt(() => createPrivateKey(key))
  if (key !== null && privateKey === null)
    diagnostics.problem(
      `${path}.key`,
      `must name a PEM file with a private key that has no passphrase; ${found(tls.key as string, key)}`
    )
  if (certificate !== null && privateKey !== null && !certificate.checkPrivateKey(privateKey))
    diagnostics.problem(
      `${path}.key`,
      `does not belong to the certificate in ${path}.cert: ${shownFile(tls.key as string)} is another key`
    )
  return { certificate, hasKey: key !== null }
}

/** Null after reporting that it is unreadable. */
export function readPem(file: string, path: string, diagnostics: Diagnostics): string | null {
  diagnostics.files.set(file, path)
  try {
    const bytes = readFileSync(file)
    if (bytes[0] === 0x30 && (bytes[1] ?? 0) >= 0x80) {
      diagnostics.problem(
        path,
        `must name a PEM file, but ${shownFile(file)} is DER: convert it with openssl x509 -inform der -in FILE -out NEW.pem (pkey for a key)`
      )
      return null
    }
    const read = readText(bytes, file)
    if ('text' in read) return read.text
    diagnostics.problem(path, `names ${shownFile(file)}, which ${read.not}`)
    return null
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const isDenied = code === 'EACCES' || code === 'EPERM'
    const denied = `this user (uid ${process.geteuid?.() ?? 'unknown'}) may not read it; give it the file or its group (chown, chgrp)`
    const absent = code === 'ENOENT' || code === 'ENOTDIR'
    const other = code === 'EISDIR' ? 'it is a folder: name a file in it' : `it cannot be read (${code})`
    const why = absent ? 'there is no such file' : isDenied ? denied : other
    diagnostics.problem(path, `must name a readable file; ${why}: ${shownFile(file)}`)
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

type DraftTls = NonNullable<DraftApp['tls']>

/** `now` in milliseconds. */
export function checkAppsTls({ apps }: DraftConfig, now: number, diagnostics: Diagnostics): void {
  apps?.forEach((app, index) => {
    if (app?.tls == null) return
    const path = `apps[${index}].tls`
    const plain = app.upstream?.find(upstream => upstream?.origin.startsWith('http:'))
    if (plain !== undefined)
      diagnostics.problem(
        path,
        `is for upstreams that begin with https; ${plain.socketPath === null ? plain.origin : 'a Unix socket'} does not speak TLS`
      )
    checkTogether(app.tls, path, diagnostics)
    if (app.tls.ca != null) checkAuthorities(app.tls.ca, `${path}.ca`, now, diagnostics)
    checkClientCertificate(app.tls, path, now, diagnostics)
  })
}

function checkTogether(tls: DraftTls, path: string, diagnostics: Diagnostics): void {
  if (tls.unsafeAnyCertificate === true) {
    for (const key of ['ca', 'fingerprint'] as const)
      if (diagnostics.isGiven(`${path}.${key}`))
        diagnostics.problem(
          `${path}.unsafeAnyCertificate`,
          `contradicts ${path}.${key}, which names the certificates to take: remove one of the two`
        )
    diagnostics.warning(
      `${path}.unsafeAnyCertificate`,
      'the gate accepts any certificate, so others on the network to the app can read and change everything; pin the certificate with `fingerprint`'
    )
  }
  for (const [key, other] of [
    ['cert', 'key'],
    ['key', 'cert']
  ] as const)
    if (tls[key] != null && tls[other] === null)
      diagnostics.problem(`${path}.${key}`, `needs ${path}.${other} beside it`)
}

/** Without certificates it is a problem; only expired ones cause a warning. */
export function checkAuthorities(file: string, path: string, now: number, diagnostics: Diagnostics): void {
  const text = readPem(file, path, diagnostics)
  if (text === null) return
  const blocks = text.match(
    /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g
  )
  const certificates = blocks?.map(block => attempt(() => new X509Certificate(block)))
  if (certificates === undefined || certificates.includes(null)) {
    diagnostics.problem(path, `must name a PEM file with one certificate or several; ${found(file, text)}`)
    return
  }
  const ends = certificates.map(certificate => Date.parse(certificate?.validTo as string))
  if (Math.max(...ends) < now)
    diagnostics.warning(
      path,
      `every certificate in it has expired, the last on ${certificates[ends.indexOf(Math.max(...ends))]?.validTo}`
    )
}

function checkClientCertificate(tls: DraftTls, path: string, now: number, diagnostics: Diagnostics): void {
  const { certificate, hasKey } = readPair(tls, path, diagnostics)
  if (tls.key != null && hasKey && isForEverybody(tls.key))
    diagnostics.warning(`${path}.key`, 'everybody on this machine can read this private key: run chmod 0600 on it')
  if (certificate !== null && Date.parse(certificate.validTo) < now)
    diagnostics.warning(`${path}.cert`, `the certificate expired on ${certificate.validTo}: the app will refuse it`)
}

function isForEverybody(file: string): boolean {
  return attempt(() => (statSync(file).mode & 0o004) !== 0) === true
}
