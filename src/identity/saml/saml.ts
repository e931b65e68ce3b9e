/**
 * A SAML 2.0 service provider for one identity provider or a federation: `begin` asks, `receive` checks the answer, `complete` gives it to
 * the browser that asked. Sign-out works both ways.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import { newToken } from '../../ids.ts'
import type { Source } from '../arrival.ts'
import { type Institution, type InstitutionAnswer, type InstitutionSession, refused } from '../institution.ts'
import { type AssertionFacts, checkIssuer, type NameId, readNameId } from './assertion.ts'
import { attributeName } from './attribute-names.ts'
import { authnRequest, logoutRequest, logoutResponse, ownMetadata } from './messages.ts'
import type { IdentityProvider } from './metadata-entity.ts'
import type { MetadataSource, SearchResult } from './metadata-source.ts'
import { saml, samlp } from './namespaces.ts'
import type { PendingAnswers, VerifiedAnswer } from './pending-answers.ts'
import { type PersonOptions, persistentId, personOf } from './person.ts'
import { readRedirect, redirectUrl } from './redirect-binding.ts'
import { quoted, SamlRefusal } from './refusal.ts'
import { checkCiphers, openResponse, statusOf, verifyResponse } from './response.ts'
import type { SecondReader } from './second-opinion.ts'
import { signMessage } from './sign-message.ts'
import { atMostOne, attribute, canonicalOf, elements, exactlyOne, isNamed, textOf, treeOf } from './xml-tree.ts'

interface SamlInstitutionOptions {
  readonly source: Source
  readonly metadata: MetadataSource
  readonly answers: PendingAnswers
  readonly secondReader: SecondReader
  /** Null if people choose. */
  readonly onlyProvider: string | null
  readonly person: Omit<PersonOptions, 'isAlone' | 'entityId'>
  /** `https://gate.example/.factorgate/login/ID`. */
  readonly address: string
  readonly entityId: string | null
  /** PEM; null for both. */
  readonly key: string | null
  readonly certificate: string | null
  readonly skewMs: number
  /** A sign-out here also signs out there. */
  readonly signsOutThere: boolean
  readonly clock: Clock
}

/** A pending request, which the browser keeps in a cookie. */
interface BegunRequest {
  readonly url: string
  /** What the browser posts there, in base64; null if the address has it all. */
  readonly message: string | null
  readonly id: string
  readonly entityId: string
  readonly asksForMfa: boolean
}

type Received =
  /** Verified; the browser that asked can take it with this code. */
  | { readonly kind: 'answer'; readonly code: string }
  /** The provider says, unverified, that it signed nobody in. */
  | { readonly kind: 'status'; readonly code: string; readonly detail: string }
  | { readonly kind: 'refused'; readonly detail: string }

/** One session there, or all of a person. */
interface SignedOutThere {
  readonly sid: string | null
  readonly externalId: string | null
  readonly nameThere: string | null
}

type SignOutMessage =
  | {
      readonly kind: 'request'
      readonly who: readonly SignedOutThere[]
      readonly answerUrl: string | null
    }
  | { readonly kind: 'response' }
  | { readonly kind: 'refused'; readonly detail: string }

/** The provider, NameID and SessionIndex that a sign-out must name. */
interface SignOutHint {
  readonly p: string
  readonly n: NameId | null
  readonly s: string | null
}

const otherRequest = 'the answer is about another request than the one that its RelayState belongs to (InResponseTo)'
const persistent = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'
const unspecified = 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified'

export class SamlInstitution implements Institution {
  readonly kind = 'saml'
  readonly source: Source
  readonly entityId: string
  readonly asksForMfa: boolean
  readonly #options: SamlInstitutionOptions
  readonly #key: KeyObject | null

  /** Throws for an unreadable key. */
  constructor(options: SamlInstitutionOptions) {
    this.#options = options
    this.source = options.source
    this.entityId = options.entityId ?? `${options.address}/metadata`
    this.asksForMfa = options.person.mfaContexts.length > 0
    this.#key = options.key === null ? null : createPrivateKey(options.key)
  }

  get onlyProvider(): string | null {
    return this.#options.onlyProvider
  }

  get acs(): string {
    return `${this.#options.address}/acs`
  }

  /** Rejects with GateError `institution_unreachable` if the metadata is unavailable. */
  find(entityId: string): Promise<IdentityProvider | null> {
    return this.#options.metadata.find(entityId)
  }

  /** Rejects as `find` does. */
  search(query: string, limit: number): Promise<SearchResult> {
    return this.#options.metadata.search(query, limit)
  }

  /** The number of providers; null if unknown. Rejects as `find` does. */
  size(): Promise<number | null> {
    return this.#options.metadata.size()
  }

  /** `id`: of the message. `relayState` comes back beside the answer. */
  begin(
    provider: IdentityProvider,
    { relayState, id }: { relayState: string; id: string },
    { isForced, asksForMfa }: { isForced: boolean; asksForMfa: boolean }
  ): BegunRequest {
    this.#options.secondReader.warm()
    const contexts = asksForMfa ? this.#options.person.mfaContexts : []
    const destination = provider.signIn ?? provider.signInByForm!
    const now = this.#options.clock()
    const message = authnRequest({ id, now, destination, entityId: this.entityId, acs: this.acs, contexts, isForced })
    const begun = { id, entityId: provider.entityId, asksForMfa: contexts.length > 0 }
    if (provider.signIn !== null)
      return { ...begun, url: redirectUrl(destination, 'SAMLRequest', message, relayState, this.#key), message: null }
    const whole = this.#key === null ? message : signMessage(message, this.#key)
    return { ...begun, url: destination, message: Buffer.from(whole).toString('base64') }
  }

  /** Checks a provider's form. `isAsked`: whether its RelayState belongs to the request with this ID. Rejects with GateError if the metadata is unavailable. */
  async receive(field: string, isAsked: (id: string) => boolean): Promise<Received> {
    try {
      const response = openResponse(field)
      if (response.inResponseTo !== null && !isAsked(response.inResponseTo)) throw new SamlRefusal(otherRequest)
      const provider = await this.find(response.issuer)
      if (provider === null)
        throw new SamlRefusal(`the response is from ${quoted(response.issuer)}, which the metadata does not describe`)
      const status = statusOf(response)
      if (status !== null)
        return {
          kind: 'status',
          code: status.code,
          detail: `${quoted(response.issuer)} answered ${status.code}${status.detail === null ? '' : `: ${status.detail}`}`
        }
      const { skewMs, clock, key } = this.#options
      const { certificates } = provider
      const opinion = this.#options.secondReader.of({
        certificates,
        entityId: this.entityId,
        acs: this.acs,
        privateKey: key
      })
      const expected = { issuer: provider.entityId, audience: this.entityId, recipient: this.acs, now: clock(), skewMs }
      const facts = await verifyResponse(response, expected, keysOf(provider), opinion)
      if (!isAsked(facts.inResponseTo)) throw new SamlRefusal(otherRequest)
      const opened = { ...facts, nameId: facts.nameId ?? (await this.#openId(facts.encryptedId)) }
      const kept = await this.#options.answers.keep(this.source.id, this.#verified(opened, provider))
      if (kept === 'replayed') throw new SamlRefusal(`the assertion ${quoted(facts.id)} was used before`)
      if (kept === 'too long') throw new SamlRefusal('the assertion says more of the person than the store takes')
      return { kind: 'answer', code: kept.code }
    } catch (error) {
      if (error instanceof SamlRefusal) return { kind: 'refused', detail: error.message }
      throw error
    }
  }

  /** Null without a key; other identifiers may name the person. */
  async #openId(encrypted: string | null): Promise<NameId | null> {
    const { key, secondReader } = this.#options
    if (encrypted === null || key === null) return null
    checkCiphers(treeOf(encrypted))
    const node = treeOf(await secondReader.open(encrypted, key))
    if (!isNamed(node, saml, 'NameID')) throw new SamlRefusal('the encrypted identifier is no NameID')
    return readNameId(node)
  }

  #verified(facts: AssertionFacts, provider: IdentityProvider): VerifiedAnswer {
    return {
      answer: this.#answerOf(facts, provider),
      inResponseTo: facts.inResponseTo,
      entityId: provider.entityId,
      assertionId: facts.id,
      usableUntil: facts.notOnOrAfter + this.#options.skewMs
    }
  }

  #answerOf(facts: AssertionFacts, provider: IdentityProvider): InstitutionAnswer {
    const options = { ...this.#options.person, entityId: this.entityId, isAlone: this.#options.onlyProvider !== null }
    try {
      const arrival = personOf(facts, provider, options)
      const hint = JSON.stringify({
        p: provider.entityId,
        n: facts.nameId,
        s: facts.sessionIndex
      } satisfies SignOutHint)
      const sid = sidOf(provider.entityId, facts.sessionIndex)
      const nameThere = facts.nameId === null ? null : nameThereOf(provider.entityId, facts.nameId)
      return { kind: 'arrived', arrival, session: { sid, nameThere, hint, endsAt: facts.sessionEndsAt } }
    } catch (error) {
      if (error instanceof SamlRefusal) return refused('institution_answer_invalid', error.message)
      throw error
    }
  }

  /** Once; otherwise null. Rejects if the store cannot be reached. */
  take(code: string): Promise<VerifiedAnswer | null> {
    return this.#options.answers.take(code)
  }

  get metadata(): string {
    const { certificate, address, source, person } = this.#options
    const { id, name, display, email, groups } = person.attributes
    const wanted = [
      id ?? 'subject-id',
      id ?? 'pairwise-id',
      name,
      display,
      email,
      groups,
      ...(person.assurance === null ? [] : ['eduPersonAssurance'])
    ]
    return ownMetadata({
      entityId: this.entityId,
      acs: this.acs,
      slo: `${address}/slo`,
      title: source.title,
      certificate: certificate === null ? null : new X509Certificate(certificate).raw.toString('base64'),
      attributes: [...new Set(wanted.map(attributeName))]
    })
  }

  /** The provider of a session; null if unknown. */
  providerOf({ hint }: InstitutionSession): string | null {
    return hint === null ? null : (JSON.parse(hint) as SignOutHint).p
  }

  async signOutUrl(session: InstitutionSession & { readonly externalId: string }): Promise<string | null> {
    if (!this.#options.signsOutThere || session.hint === null || this.#key === null) return null
    try {
      const { p, n, s } = JSON.parse(session.hint) as SignOutHint
      const provider = await this.find(p)
      if (provider?.signOut == null || n === null) return null
      const { location } = provider.signOut
      const message = logoutRequest({
        id: `_${newToken()}`,
        now: this.#options.clock(),
        destination: location,
        entityId: this.entityId,
        nameId: n,
        sessionIndex: s
      })
      return redirectUrl(location, 'SAMLRequest', message, null, this.#key)
    } catch {
      // A sign-out here does not depend on the provider.
      return null
    }
  }

  /** Checks a sign-out message in a query. Rejects with GateError if the metadata is unavailable. */
  async receiveSignOut(query: string): Promise<SignOutMessage> {
    try {
      const message = readRedirect(query)
      const root = treeOf(message.text)
      const expected = message.kind === 'SAMLRequest' ? 'LogoutRequest' : 'LogoutResponse'
      if (!isNamed(root, samlp, expected))
        throw new SamlRefusal(`the message is no ${expected} but ${quoted(root.start.local)}`)
      const issuer = exactlyOne(root, saml, 'Issuer')
      const provider = await this.find(textOf(issuer).trim())
      if (provider === null)
        throw new SamlRefusal(`the message is from ${quoted(textOf(issuer))}, which the metadata does not describe`)
      message.checkSignature(keysOf(provider))
      checkIssuer(issuer, provider.entityId)
      const destination = attribute(root, 'Destination')
      if (destination !== `${this.#options.address}/slo`)
        throw new SamlRefusal(`the message goes to ${quoted(destination ?? '')} (Destination)`)
      if (message.kind === 'SAMLResponse') return { kind: 'response' }
      this.#checkRequestTimes(attribute(root, 'IssueInstant'), attribute(root, 'NotOnOrAfter'))
      const plain = atMostOne(root, saml, 'NameID')
      const encrypted = plain === null ? exactlyOne(root, saml, 'EncryptedID') : null
      const nameId = plain === null ? await this.#openId(canonicalOf(encrypted!, new Set(), null)) : readNameId(plain)
      const indexes = elements(root, samlp, 'SessionIndex').map(each => textOf(each).trim())
      return {
        kind: 'request',
        who: whoOf(provider.entityId, nameId, indexes),
        answerUrl: this.#signOutAnswer(provider, attribute(root, 'ID') ?? '', message.relayState)
      }
    } catch (error) {
      if (error instanceof SamlRefusal) return { kind: 'refused', detail: error.message }
      throw error
    }
  }

  /** A request is valid for five minutes, otherwise an old one could be replayed. */
  #checkRequestTimes(issued: string | null, end: string | null): void {
    const { clock, skewMs } = this.#options
    const now = clock()
    const [issuedAt, endsAt] = [Date.parse(issued ?? ''), end === null ? Number.POSITIVE_INFINITY : Date.parse(end)]
    if (!(Math.abs(now - issuedAt) <= 300_000 + skewMs) || !(endsAt > now - skewMs))
      throw new SamlRefusal('the request to sign out is too old, or from the future')
  }

  #signOutAnswer({ signOut }: IdentityProvider, inResponseTo: string, relayState: string | null): string | null {
    if (signOut === null) return null
    const destination = signOut.responseLocation
    const message = logoutResponse({
      id: `_${newToken()}`,
      now: this.#options.clock(),
      destination,
      entityId: this.entityId,
      inResponseTo
    })
    return redirectUrl(destination, 'SAMLResponse', message, relayState, this.#key)
  }

  get trouble(): string | null {
    return this.#options.metadata.problem
  }

  close(): void {
    this.#options.metadata.close()
  }
}

/** It names the provider, since another may use the same index. */
function sidOf(entityId: string, sessionIndex: string | null): string | null {
  return sessionIndex === null ? null : `${entityId} ${sessionIndex}`
}

/** The sessions of the indexes, or all of a person with exactly this name. */
function whoOf(entityId: string, nameId: NameId | null, indexes: readonly string[]): SignedOutThere[] {
  if (indexes.length > 0)
    return indexes.map(each => ({ sid: sidOf(entityId, each), externalId: null, nameThere: null }))
  if (nameId === null) return []
  const externalId = nameId.format === persistent ? persistentId(nameId, entityId) : null
  return [{ sid: null, externalId, nameThere: nameThereOf(entityId, nameId) }]
}

/** A NameID as an index of sessions. Its qualifiers may be left out in a sign-out (SAML Core §3.3.4). */
function nameThereOf(entityId: string, { format, value }: NameId): string {
  return `${entityId} ${format ?? unspecified} ${value}`
}

const keyCache = new WeakMap<IdentityProvider, readonly KeyObject[]>()

function keysOf(provider: IdentityProvider): readonly KeyObject[] {
  let keys = keyCache.get(provider)
  if (keys === undefined) {
    keys = provider.certificates.map(each => new X509Certificate(Buffer.from(each, 'base64')).publicKey)
    keyCache.set(provider, keys)
  }
  return keys
}
