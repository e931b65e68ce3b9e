/** Makes an arrival of an assertion's attributes. Values outside the provider's scopes do not count. */
import { operators } from '../account.ts'
import type { Arrival } from '../arrival.ts'
import type { AssertionFacts, NameId, SamlAttribute } from './assertion.ts'
import { attributeName } from './attribute-names.ts'
import type { IdentityProvider } from './metadata-entity.ts'
import { quoted, SamlRefusal } from './refusal.ts'
import { isInScope, isScoped } from './scope.ts'
import { isKnownPattern, newEffort } from './scope-pattern.ts'

export interface PersonOptions {
  readonly attributes: {
    readonly id: string | null
    readonly name: string
    readonly display: string
    readonly email: string
    readonly groups: string
  }
  /** AuthnContext classes of a second factor. */
  readonly mfaContexts: readonly string[]
  /** Accepted values of eduPersonAssurance; null for any. */
  readonly assurance: readonly string[] | null
  readonly entityId: string
  readonly isAlone: boolean
}

const persistent = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'

/** Throws SamlRefusal if nobody is named. */
export function personOf(facts: AssertionFacts, provider: IdentityProvider, options: PersonOptions): Arrival {
  const values = (name: string) => valuesOf(facts.attributes, name, provider, options)
  const { name, display, email, groups } = options.attributes
  if (options.assurance !== null) requireAssurance(values('eduPersonAssurance'), options.assurance)
  const names = values(name)
  if (names.length === 0) throw new SamlRefusal(whyMissing(name, facts, provider))
  const signInName = one(names, name)
  return {
    externalId: externalIdOf(facts, provider, options, signInName),
    name: signInName,
    displayName: values(display)[0] ?? null,
    email: values(email)[0] ?? null,
    // One of several providers must not make operators of this gate, except by a groupMap.
    groups: values(groups).filter(group => options.isAlone || group.trim() !== operators),
    mfa: facts.context !== null && options.mfaContexts.includes(facts.context) ? { at: facts.authenticatedAt } : null
  }
}

/** A scoped value is unique by itself. Another one is tied to its provider, so that two providers never mean one account. */
function externalIdOf(facts: AssertionFacts, provider: IdentityProvider, options: PersonOptions, name: string): string {
  const chosen = options.attributes.id
  const candidates = chosen !== null ? [chosen] : ['subject-id', 'pairwise-id', persistent, 'eduPersonUniqueId']
  for (const candidate of candidates) {
    if (candidate === persistent) {
      if (facts.nameId?.format === persistent) return persistentId(facts.nameId, provider.entityId)
      continue
    }
    const found = valuesOf(facts.attributes, candidate, provider, options)
    if (found.length > 0) return idOf(candidate, one(found, candidate), provider)
  }
  if (chosen !== null) throw new SamlRefusal(whyMissing(chosen, facts, provider))
  return idOf(options.attributes.name, name, provider)
}

function idOf(attribute: string, value: string, { entityId }: IdentityProvider): string {
  // SAML Subject Identifiers §3.3: compared without regard to case.
  return isScoped(attributeName(attribute)) ? value.toLowerCase() : `${entityId}!${value}`
}

/** SAML Core §8.3.7: unique only with its two qualifiers. */
export function persistentId({ value, nameQualifier, spNameQualifier }: NameId, entityId: string): string {
  return [entityId, nameQualifier ?? entityId, spNameQualifier ?? '', value].join('!')
}

function valuesOf(
  attributes: readonly SamlAttribute[],
  name: string,
  provider: IdentityProvider,
  { isAlone }: PersonOptions
): string[] {
  const known = attributeName(name)
  // The name in messages comes first; the provider chooses a friendly name (SAML Core §2.7.3.1).
  const exact = attributes.filter(each => each.name === known || each.name === name)
  const found = exact.length > 0 ? exact : attributes.filter(each => each.friendlyName === name)
  const effort = newEffort()
  const values = found.flatMap(each =>
    isScoped(each.name) || isScoped(known)
      ? each.values.filter(value => isInScope(value, provider, isAlone, effort))
      : each.values
  )
  return [...new Set(values)]
}

function one(values: readonly string[], name: string): string {
  if (values.length > 1) throw new SamlRefusal(`${name} has ${values.length} values where one belongs`)
  return values[0]!
}

function whyMissing(name: string, { attributes }: AssertionFacts, { entityId, scopes }: IdentityProvider): string {
  const known = attributeName(name)
  const said = attributes.find(each => each.name === known || each.name === name || each.friendlyName === name)
    ?.values[0]
  if (said === undefined) return `${quoted(entityId)} did not release ${name}; it released ${released(attributes)}`
  const unknown = scopes.find(({ value, isPattern }) => isPattern && !isKnownPattern(value))
  const note =
    unknown === undefined
      ? ''
      : `; the gate cannot read the pattern ${quoted(unknown.value)}: ask the federation for one of letters, classes, groups and repetition`
  return `${name} is ${quoted(said)}, and the metadata lets ${quoted(entityId)} speak for ${scopes.length === 0 ? 'no scope' : quoted(scopes.map(({ value }) => value).join(', '))}${note}`
}

const maxNames = 40

/** The names of attributes, for operators; values stay out. */
function released(attributes: readonly SamlAttribute[]): string {
  if (attributes.length === 0) return 'no attribute'
  const said = attributes.slice(0, maxNames).map(({ name, friendlyName }) => quoted(friendlyName ?? name))
  return attributes.length > maxNames ? `${said.join(', ')} and more` : said.join(', ')
}

function requireAssurance(has: readonly string[], needed: readonly string[]): void {
  if (!has.some(each => needed.includes(each)))
    throw new SamlRefusal(
      `the person lacks the assurance that is asked for: eduPersonAssurance is ${has.length === 0 ? 'absent' : quoted(has.join(', '))}`
    )
}
