/** One identity provider, read from its `md:EntityDescriptor` (SAML Metadata §2.4.3, MDUI, Shibboleth's Scope). */
import { X509Certificate } from 'node:crypto'
import * as ns from './namespaces.ts'
import { isStrongKey } from './signature-algorithms.ts'
import type { XmlStart } from './xml-reader.ts'
import { attribute, elements, textOf, type XmlNode } from './xml-tree.ts'

export interface IdentityProvider {
  readonly entityId: string
  /** By language tag in lower case. */
  readonly names: Readonly<Record<string, string>>
  readonly keywords: readonly string[]
  /** The sign-in address of the redirect binding. */
  readonly signIn: string | null
  /** The address of the POST binding, for providers without redirect. */
  readonly signInByForm: string | null
  readonly signOut: { readonly location: string; readonly responseLocation: string } | null
  /** X.509 in base64 (DER). Each may sign, since keys overlap during a change. */
  readonly certificates: readonly string[]
  readonly scopes: readonly { readonly value: string; readonly isPattern: boolean }[]
  /** Hidden from choosers at its federation's wish. */
  readonly isHidden: boolean
  /** The earliest end of the entity, its role and the lists around it, in milliseconds since the epoch; null for none. */
  readonly validUntil: number | null
}

const protocol = 'urn:oasis:names:tc:SAML:2.0:protocol'
const hideCategories = [
  'http://refeds.org/category/hide-from-discovery',
  'https://refeds.org/category/hide-from-discovery'
]
const maxNameLength = 200

/** Null for an entity that is no SAML 2.0 identity provider, or has no key or no sign-in address. */
export function providerOf(entity: XmlNode): IdentityProvider | null {
  const entityId = attribute(entity, 'entityID') ?? ''
  const roles = elements(entity, ns.md, 'IDPSSODescriptor').filter(role =>
    (attribute(role, 'protocolSupportEnumeration') ?? '').split(/\s+/).includes(protocol)
  )
  const [role] = roles
  if (role === undefined || entityId === '' || entityId.length > 1024 || /\s/.test(entityId)) return null
  const extensions = [...elements(role, ns.md, 'Extensions'), ...elements(entity, ns.md, 'Extensions')]
  const signIns = elements(role, ns.md, 'SingleSignOnService')
  const certificates = certificatesOf(role)
  const signIn = addressFor(signIns, ns.redirectBinding)
  const signInByForm = addressFor(signIns, ns.postBinding)
  if (certificates.length === 0 || (signIn ?? signInByForm) === null) return null
  const info = extensions.flatMap(each => elements(each, ns.mdui, 'UIInfo'))
  return {
    entityId,
    names: { ...organisationNames(entity), ...textsByLanguage(info, 'DisplayName') },
    keywords: Object.values(textsByLanguage(info, 'Keywords'))
      .flatMap(text => text.split(/[\s+]+/))
      .slice(0, 50),
    signIn,
    signInByForm,
    signOut: signOutOf(elements(role, ns.md, 'SingleLogoutService')),
    certificates,
    scopes: extensions.flatMap(each =>
      elements(each, ns.shibmd, 'Scope').map(scope => ({
        value: textOf(scope).trim(),
        isPattern: ['true', '1'].includes(attribute(scope, 'regexp') ?? '')
      }))
    ),
    isHidden: isHidden(elements(entity, ns.md, 'Extensions')),
    validUntil: soonest([entity, role].map(({ start }) => endOf(start)))
  }
}

/** The end in milliseconds since the epoch, or null. An unreadable end is past. */
export function endOf({ attributes }: XmlStart): number | null {
  const text = attributes.find(({ local, namespace }) => local === 'validUntil' && namespace === '')?.value
  return text === undefined ? null : (timeOf(text) ?? 0)
}

export function soonest(ends: readonly (number | null)[]): number | null {
  const known = ends.filter(end => end !== null)
  return known.length === 0 ? null : Math.min(...known)
}

/** An `xs:dateTime` in milliseconds since the epoch, or null. SAML times are in UTC (SAML Core §1.3.3). */
export function timeOf(text: string | null): number | null {
  if (text === null || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$/.test(text.trim())) return null
  const at = Date.parse(/(Z|[+-]\d\d:\d\d)$/.test(text.trim()) ? text.trim() : `${text.trim()}Z`)
  return Number.isNaN(at) ? null : at
}

function addressFor(services: readonly XmlNode[], binding: string): string | null {
  return (
    services
      .filter(each => attribute(each, 'Binding') === binding)
      .map(each => webAddress(attribute(each, 'Location')))
      .find(each => each !== null) ?? null
  )
}

function webAddress(text: string | null): string | null {
  return text !== null && /^https?:\/\//i.test(text) && URL.canParse(text) ? text : null
}

function signOutOf(services: readonly XmlNode[]): IdentityProvider['signOut'] {
  const service = services.find(each => attribute(each, 'Binding') === ns.redirectBinding)
  const location = service === undefined ? null : webAddress(attribute(service, 'Location'))
  if (service === undefined || location === null) return null
  return { location, responseLocation: webAddress(attribute(service, 'ResponseLocation')) ?? location }
}

/** A key without a `use` may sign. A certificate's validity does not matter: the metadata vouches for the key. */
function certificatesOf(role: XmlNode): string[] {
  const found = new Set<string>()
  for (const descriptor of elements(role, ns.md, 'KeyDescriptor')) {
    if (!['signing', null].includes(attribute(descriptor, 'use'))) continue
    for (const info of elements(descriptor, ns.ds, 'KeyInfo'))
      for (const data of elements(info, ns.ds, 'X509Data'))
        for (const certificate of elements(data, ns.ds, 'X509Certificate'))
          found.add(textOf(certificate).replace(/\s+/g, ''))
  }
  return [...found].filter(isUsable)
}

const usable = new Map<string, boolean>()

/** The answer is cached during a list, since federations repeat certificates. */
function isUsable(text: string): boolean {
  let is = usable.get(text)
  if (is !== undefined) return is
  try {
    const { publicKey } = new X509Certificate(Buffer.from(text, 'base64'))
    is = isStrongKey(publicKey)
  } catch {
    is = false
  }
  if (usable.size > 1000) usable.clear()
  usable.set(text, is)
  return is
}

function organisationNames(entity: XmlNode): Record<string, string> {
  return textsByLanguage(elements(entity, ns.md, 'Organization'), 'OrganizationDisplayName', ns.md)
}

function textsByLanguage(
  parents: readonly XmlNode[],
  local: string,
  namespace: string = ns.mdui
): Record<string, string> {
  const texts: Record<string, string> = Object.create(null)
  for (const parent of parents)
    for (const node of elements(parent, namespace, local)) {
      const language =
        node.start.attributes.find(each => each.local === 'lang' && each.namespace === ns.xml)?.value ?? 'en'
      // Invisible characters would let one institution look like another.
      const text = textOf(node)
        .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
        .trim()
        .slice(0, maxNameLength)
      if (text !== '' && /^[A-Za-z0-9-]{1,35}$/.test(language)) texts[language.toLowerCase()] ??= text
    }
  return { ...texts }
}

function isHidden(extensions: readonly XmlNode[]): boolean {
  return extensions
    .flatMap(each => elements(each, ns.mdattr, 'EntityAttributes'))
    .flatMap(each => elements(each, ns.saml, 'Attribute'))
    .filter(each => attribute(each, 'Name') === 'http://macedir.org/entity-category')
    .flatMap(each => elements(each, ns.saml, 'AttributeValue'))
    .some(each => hideCategories.includes(textOf(each).trim()))
}
