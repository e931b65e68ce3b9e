/** One order of a certificate (RFC 8555 §7.4): order, proofs, certificate request, certificate. */
import { setTimeout as sleep } from 'node:timers/promises'
import { AcmeError, quoted } from './acme-error.ts'
import { type AcmeClient, describeProblem, type Loose } from './client.ts'
import { checkIssued, type Life } from './issued.ts'
import { identifierOf } from './names.ts'
import { certificateRequest, type KeyPair, newKey } from './x509.ts'

export type ChallengeType = 'http-01' | 'tls-alpn-01'

export interface AcmeChallenge {
  readonly type: ChallengeType
  readonly name: string
  readonly token: string
  readonly keyAuthorization: string
}

interface OrderInput {
  readonly client: AcmeClient
  readonly names: readonly string[]
  readonly challenge: ChallengeType
  readonly profile: string | null
  /** The renewal id of the predecessor (RFC 9773 §5). */
  readonly replaces: string | null
  /** Resolves when every gate shows the proofs. */
  readonly publish: (challenges: readonly AcmeChallenge[]) => Promise<void>
  readonly clock: () => number
  readonly signal: AbortSignal
  readonly pollMs?: number
}

export interface Issued extends KeyPair {
  readonly life: Life
}

const tokenShape = /^[A-Za-z0-9_-]{16,256}$/
const maxPolls = 60
const maxPauseMs = 10_000

/** The certificate is checked. Rejects with AcmeError. */
export async function orderCertificate(input: OrderInput): Promise<Issued> {
  const { client, names, clock } = input
  const order = await begin(input)
  const authorizations = textsIn(order.value.authorizations)
  const challenges: (AcmeChallenge & { readonly url: string; readonly authorization: string })[] = []
  for (const url of authorizations) {
    const { value } = await client.ask(url)
    const challenge = challengeIn(value, input, client.key.thumbprint)
    if (challenge !== null) challenges.push({ ...challenge, authorization: url })
  }
  if (challenges.length > 0) {
    await input.publish(challenges.map(({ url: _, authorization: __, ...challenge }) => challenge))
    for (const { url } of challenges) await client.post(url, {})
    for (const { authorization, name } of challenges)
      await poll(input, authorization, value => isAuthorized(value, name))
  }
  const { finalize } = await poll(input, order.url, value => statusOf(value, 'ready', names))
  const key = newKey()
  await client.post(text(finalize, 'the address that finishes the order'), { csr: certificateRequest(names, key) })
  const done = await poll(input, order.url, value => statusOf(value, 'valid', names))
  const { body } = await client.post(
    text(done.certificate, 'the address of the certificate'),
    '',
    'application/pem-certificate-chain'
  )
  const pair = {
    cert: `${body.toString('latin1').trim()}\n`,
    key: key.export({ type: 'pkcs8', format: 'pem' }) as string
  }
  return { ...pair, life: checkIssued(pair, names, clock()) }
}

/** Servers name this differently where the predecessor is of another account, or unknown. */
const aboutPredecessor = new Set(['alreadyReplaced', 'malformed', 'unauthorized', 'conflict', 'notFound'])

async function begin({ client, names, profile, replaces }: OrderInput): Promise<{ url: string; value: Loose }> {
  const { newOrder, renewalInfo } = client.directory
  const wanted = { identifiers: names.map(identifierOf), ...(profile === null ? {} : { profile }) }
  const send = (more: object) => client.ask(newOrder, { ...wanted, ...more })
  const isReplacing = replaces !== null && renewalInfo !== null
  const { value, answer } = await send(isReplacing ? { replaces } : {}).catch(error => {
    // The predecessor may be replaced already, or be of another account. No renewal may fail for that (RFC 9773 §5).
    if (isReplacing && error instanceof AcmeError && aboutPredecessor.has(error.type ?? '')) return send({})
    throw error
  })
  return { url: text(answer.headers.location, 'the address of the order'), value }
}

/** Null if the name is proved already. */
function challengeIn(
  value: Loose,
  { names, challenge }: OrderInput,
  thumbprint: string
): (AcmeChallenge & { readonly url: string }) | null {
  const name = String((value.identifier as Loose | undefined)?.value)
  if (!names.includes(name))
    throw new AcmeError(`the ACME server asks for a proof for ${quoted(name)}, which was not ordered`)
  if (value.status === 'valid') return null
  if (value.status !== 'pending')
    throw new AcmeError(`${name} cannot be proved: its authorization is ${quoted(value.status)}`)
  const offered = Array.isArray(value.challenges) ? (value.challenges as Loose[]) : []
  const found = offered.find(one => one?.type === challenge)
  if (found === undefined) {
    const types = offered.map(one => quoted(one?.type)).join(', ')
    throw new AcmeError(`the ACME server does not offer ${challenge} for ${name}, but ${types || 'nothing'}`)
  }
  const token = text(found.token, 'the token of a challenge')
  if (!tokenShape.test(token)) throw new AcmeError('the ACME server gives a token that is none')
  const url = text(found.url, 'the address of a challenge')
  return { type: challenge, name, token, keyAuthorization: `${token}.${thumbprint}`, url }
}

function isAuthorized({ status, challenges }: Loose, name: string): boolean {
  if (status === 'valid') return true
  if (status === 'pending' || status === 'processing') return false
  const failed = (Array.isArray(challenges) ? (challenges as Loose[]) : []).find(one => one?.error)
  throw new AcmeError(
    `the ACME server could not prove that ${name} is ours: ${describeProblem(failed?.error) ?? `the authorization is ${quoted(status)}`}`
  )
}

function statusOf({ status, error }: Loose, wanted: 'ready' | 'valid', names: readonly string[]): boolean {
  if (status === wanted || (status === 'valid' && wanted === 'ready')) return true
  if (status === 'pending' || status === 'processing' || (status === 'ready' && wanted === 'valid')) return false
  throw new AcmeError(
    `the order for ${names.join(', ')} failed: ${describeProblem(error) ?? `it is ${quoted(status)}`}`
  )
}

async function poll(
  { client, signal, pollMs = 1_000 }: OrderInput,
  url: string,
  isDone: (value: Loose) => boolean
): Promise<Loose> {
  for (let polls = 0; polls < maxPolls; polls++) {
    const { value, answer } = await client.ask(url)
    if (isDone(value)) return value
    const pause = Math.max(answer.retryAfterMs ?? 0, Math.min(pollMs * 1.3 ** polls, maxPauseMs))
    await sleep(pause, undefined, { signal }).catch(() => {
      throw new AcmeError('the ACME server did not finish in time')
    })
  }
  throw new AcmeError('the ACME server did not finish in time')
}

function text(value: unknown, what: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new AcmeError(`the ACME server does not give ${what}`)
}

const maxAuthorizations = 100

function textsIn(value: unknown): readonly string[] {
  if (Array.isArray(value) && value.length <= maxAuthorizations && value.every(one => typeof one === 'string'))
    return value
  throw new AcmeError('the ACME server gives no list of what is to be proved')
}
