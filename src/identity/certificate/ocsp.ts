/**
 * An OCSP client (RFC 6960; RFC 9654 for the nonce): one question about one certificate. It believes the authority and the responders that
 * the authority appoints.
 */
import { createHash, randomBytes, X509Certificate } from 'node:crypto'
import { hourMs } from '../../clock.ts'
import { lookupOfInstitutions } from '../../request/host-lookup.ts'
import { wholeAnswer } from '../../request/whole-answer.ts'
import { isInTime, isIssuedBy } from './chain.ts'
import {
  bitsOf,
  childrenOf,
  type Der,
  DerError,
  expectTag,
  oidOf,
  readDer,
  serialOf,
  tags,
  timeOf,
  writeDer
} from './der.ts'
import { extensionsIn, fieldsOf, oids } from './fields.ts'
import { isSignedBy } from './signature.ts'

type OcspStatus = 'good' | 'revoked' | 'unknown'

const usualTimeoutMs = 5_000
const maxBytes = 64 * 1024
/** The tolerated difference between clocks. */
const skewMs = 5 * 60_000
/** The maximum age of an answer without an end. */
const freshMs = hourMs

interface OcspQuestion {
  readonly certificate: X509Certificate
  readonly issuer: X509Certificate
  readonly address: string
  readonly now: number
  readonly isRevoked: (responder: X509Certificate) => boolean
  /** For tests. */
  readonly timeoutMs?: number
}

/** Rejects with an Error that says why no answer is credible. */
export async function askOcsp(question: OcspQuestion): Promise<OcspStatus> {
  const nonce = writeDer(tags.octets, randomBytes(32))
  const id = certificateId(question)
  const { address, timeoutMs = usualTimeoutMs } = question
  return readAnswer(await post(address, requestFor(id, nonce), timeoutMs), id, nonce, question)
}

/** CertID. SHA-1 only names the authority here, and responders know no other hash (RFC 5019 §2.1.1). */
function certificateId({ certificate, issuer }: OcspQuestion): Buffer {
  const digest = (bytes: Buffer) => writeDer(tags.octets, createHash('sha1').update(bytes).digest())
  const { subject, publicKeyBits } = fieldsOf(issuer)
  const sha1 = writeDer(tags.sequence, Buffer.from('06052b0e03021a0500', 'hex'))
  return writeDer(tags.sequence, sha1, digest(subject.raw), digest(publicKeyBits), fieldsOf(certificate).serialRaw)
}

function requestFor(id: Buffer, nonce: Buffer): Buffer {
  const request = writeDer(tags.sequence, writeDer(tags.sequence, id))
  const nonceId = Buffer.from('06092b0601050507300102', 'hex')
  const extension = writeDer(tags.sequence, nonceId, writeDer(tags.octets, nonce))
  return writeDer(tags.sequence, writeDer(tags.sequence, request, writeDer(0xa2, writeDer(tags.sequence, extension))))
}

/** Uses `node:http`: on Node.js 20 the limit of a `fetch` can end with the head, when garbage is collected. */
async function post(address: string, body: Buffer, timeoutMs: number): Promise<Buffer> {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const answer = await wholeAnswer(address, {
      method: 'POST',
      headers: { 'content-type': 'application/ocsp-request', 'content-length': body.length },
      signal,
      agent: false,
      lookup: lookupOfInstitutions,
      body,
      maxBytes,
      refusal: status => {
        if (status === 200) return null
        const more = status >= 300 && status < 400 ? ', and redirects are not followed' : ''
        return new Error(`the responder answers with status ${status}${more}`)
      }
    })
    return answer.body
  } catch (error) {
    throw signal.aborted ? new Error(`no whole answer within ${timeoutMs / 1000} s`) : error
  }
}

/** Throws if the answer is not credible. */
function readAnswer(body: Buffer, id: Buffer, nonce: Buffer, question: OcspQuestion): OcspStatus {
  const [status, bytes] = childrenOf(readDer(body, tags.sequence))
  const code = expectTag(status, tags.enumerated).content[0]
  if (code !== 0) throw new Error(`the responder refuses to answer (status ${code})`)
  const [type, octets] = childrenOf(expectTag(childrenOf(expectTag(bytes, 0xa0))[0], tags.sequence))
  if (oidOf(type) !== oids.ocspBasic) throw new DerError('has an answer of another type')
  const basic = childrenOf(readDer(expectTag(octets, tags.octets).content, tags.sequence))
  const [data, algorithm, signature, certificates] = basic
  const signer = signerOf(certificates, question).find(each =>
    isSignedBy(each.publicKey, algorithm!, expectTag(data, tags.sequence).raw, bitsOf(signature))
  )
  if (signer === undefined) throw new Error('the answer is not signed by the authority, nor by whom it appointed')
  return readData(expectTag(data, tags.sequence), id, nonce, question.now)
}

/** The authority, and responders with its certificate for this purpose (RFC 6960 §4.2.2.2). */
function signerOf(sent: Der | undefined, { issuer, now, isRevoked }: OcspQuestion): X509Certificate[] {
  if (sent === undefined) return [issuer]
  const certificates = childrenOf(expectTag(childrenOf(expectTag(sent, 0xa0))[0], tags.sequence))
  const appointed = certificates
    .slice(0, 4)
    .map(({ raw }) => new X509Certificate(raw))
    .filter(
      each =>
        each.keyUsage?.includes(oids.ocspSigning) === true &&
        isIssuedBy(each, issuer) &&
        isInTime(each, now) &&
        !isRevoked(each)
    )
  return [issuer, ...appointed]
}

function readData(data: Der, id: Buffer, nonce: Buffer, now: number): OcspStatus {
  const parts = childrenOf(data)
  if (parts[0]?.tag === 0xa0) parts.shift()
  const [, , responses, extensions] = parts
  // A responder that prepares its answers omits the nonce (RFC 9654 §2.1); their times still count.
  const echoed = extensions === undefined ? undefined : extensionsIn(extensions).get(oids.ocspNonce)
  if (echoed !== undefined && !echoed.value.equals(nonce)) throw new Error('the answer is one to another question')
  for (const response of childrenOf(expectTag(responses, tags.sequence))) {
    const [about, status, from, ...more] = childrenOf(expectTag(response, tags.sequence))
    if (!isAbout(about, id)) continue
    const until = more[0]?.tag === 0xa0 ? timeOf(childrenOf(more[0])[0]) : timeOf(from) + freshMs
    if (timeOf(from) - skewMs > now || until + skewMs <= now) throw new Error('the answer is out of date')
    // CertStatus: [0] good, [1] revoked, [2] unknown.
    return status?.tag === 0x80 ? 'good' : status?.tag === 0xa1 ? 'revoked' : 'unknown'
  }
  throw new Error('the answer is about another certificate')
}

/** The hash's parameters may be NULL or absent, so they are not compared. */
function isAbout(about: Der | undefined, id: Buffer): boolean {
  const parts = (one: Der) => {
    const [hash, name, key, serial] = childrenOf(expectTag(one, tags.sequence))
    const [oid] = childrenOf(expectTag(hash, tags.sequence))
    return [oidOf(oid), name?.content.toString('hex'), key?.content.toString('hex'), serialOf(serial)].join(' ')
  }
  return about !== undefined && parts(about) === parts(readDer(id))
}
