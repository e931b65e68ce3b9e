/** The files of TLS: can they be read, do certificate and key fit, has it expired. Refuses to quote their content. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { shown } from './problems.ts'
import type { Reading } from './reading.ts'
import { readText } from './text-file.ts'

/** Says every problem with `listen.tls`. */
export function checkTlsFiles(
  tls: { cert?: string; key?: string },
  now: number,
  reading: Reading,
  hosts: readonly { path: string; host: string }[] = []
): void {
  const cert = tls.cert === undefined ? null : readPem(tls.cert, 'listen.tls.cert', reading)
  const key = tls.key === undefined ? null : readPem(tls.key, 'listen.tls.key', reading)
  const certificate = cert === null ? null : attempt(() => new X509Certificate(cert))
  if (cert !== null && certificate === null)
    reading.problem('listen.tls.cert', 'must name a PEM file that begins with a certificate')
  const privateKey = key === null ? null : attempt(() => createPrivateKey(key))
  if (key !== null && privateKey === null)
    reading.problem('listen.tls.key', 'must name a PEM file with a private key that has no passphrase')
  if (certificate !== null) {
    checkDates(certificate, now, reading)
    checkHosts(certificate, hosts, reading)
  }
  if (certificate === null || privateKey === null) return
  if (!certificate.checkPrivateKey(privateKey))
    reading.problem('listen.tls.key', 'does not belong to the certificate in listen.tls.cert')
}

const dayMs = 24 * 3600_000

function checkDates({ validFrom, validTo }: X509Certificate, now: number, reading: Reading): void {
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)]
  // Certificates of a few days are renewed after two thirds of them.
  const soon = Math.min(14 * dayMs, (to - from) / 3)
  const say = (message: string) => reading.advise('listen.tls.cert', message)
  if (to < now) reading.warning('listen.tls.cert', `the certificate expired on ${validTo}: browsers will refuse it`)
  else if (from > now)
    say(`the certificate begins on ${validFrom} only: browsers refuse it until then; is the clock right?`)
  else if (to - now < soon)
    say(
      `the certificate expires on ${validTo}, in ${Math.floor((to - now) / dayMs)} days: renew it; the gate takes the new file by itself`
    )
}

function checkHosts(
  certificate: X509Certificate,
  hosts: readonly { path: string; host: string }[],
  reading: Reading
): void {
  const names = (certificate.subjectAltName ?? '').replaceAll(/(?:DNS|IP Address):/g, '')
  for (const { path, host } of hosts) {
    const covers = isIP(host) === 0 ? certificate.checkHost(host, { subject: 'never' }) : certificate.checkIP(host)
    if (covers === undefined)
      reading.advise(
        path,
        `the certificate in listen.tls.cert is not for ${host} but for ${names === '' ? 'no host at all' : names}: browsers will refuse it; get one that names this host too`
      )
  }
}

/** Says which of the files towards Redis cannot be read; what they hold is the driver's to judge. */
export function checkRedisFiles(
  tls: { ca?: string | null; cert?: string | null; key?: string | null },
  reading: Reading
): void {
  for (const name of ['ca', 'cert', 'key'] as const)
    if (tls[name] != null) readPem(tls[name], `redis.tls.${name}`, reading)
}

/** Its text; null, and a problem, where it cannot be read. */
export function readPem(file: string, path: string, reading: Reading): string | null {
  reading.files.set(file, path)
  try {
    const bytes = readFileSync(file)
    if (bytes[0] === 0x30 && (bytes[1] ?? 0) >= 0x80) {
      reading.problem(
        path,
        'must name a PEM file; this one is DER: openssl x509 -inform der -in FILE -out NEW.pem (pkey for a key)'
      )
      return null
    }
    const read = readText(bytes, file)
    if ('text' in read) return read.text
    reading.problem(path, `names a file that ${read.not}`)
    return null
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const isDenied = code === 'EACCES' || code === 'EPERM'
    const denied = `this user (uid ${process.geteuid?.() ?? 'unknown'}) may not read it; give it the file or its group (chown, chgrp)`
    const absent = code === 'ENOENT' || code === 'ENOTDIR'
    const why = absent ? 'there is no such file' : isDenied ? denied : `it cannot be read (${code})`
    reading.problem(path, `must name a readable file; ${why}: ${shown(file)}`)
    return null
  }
}

/** The text of a PEM file that was checked before. Throws what reading it throws, and where it is no text any more. */
export function pemText(file: string): string {
  const read = readText(readFileSync(file), file)
  if ('not' in read) throw new Error(`${file} ${read.not}`)
  return read.text
}

/** What `work` answers; null where it throws. */
export function attempt<T>(work: () => T): T | null {
  try {
    return work()
  } catch {
    return null
  }
}
