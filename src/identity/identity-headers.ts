/** A person's identity headers, for forwarding and forward-auth. */
import { encodeValue } from './header-encoding.ts'
import type { HeaderEncoding, IdentityHeaders } from './header-profiles.ts'
import type { Subject } from './subject.ts'

/** A value that cannot be sent, or could be misread. */
export interface Unsent {
  readonly header: string
  readonly value: string
}

/**
 * Alternating names and values (one character for each byte). A missing attribute has no line, since some apps take an empty one as "delete
 * it". Without a sign-in name nothing is sent, otherwise an app would see groups of nobody.
 */
export function identityLines(
  headers: IdentityHeaders,
  subject: Subject,
  onUnsent: (unsent: Unsent) => void = () => {}
): string[] {
  const { user, preferredUsername, name, email, groups, encoding = 'utf-8', groupSeparator = ',' } = headers
  const lines: string[] = []
  const add = (header: string | null | undefined, value: string | null) => {
    if (header == null || value === null || value === '') return
    const encoded = encodeValue(value, encoding)
    if (encoded === null) onUnsent({ header, value })
    else lines.push(header, encoded)
  }
  const userName = nameFor(headers, subject)
  add(user, userName)
  if (user !== null && lines.length === 0) return []
  add(preferredUsername, userName)
  add(name, subject.displayName)
  add(email, subject.email)
  if (groups === null || subject.groups.length === 0) return lines
  const { text, unsent } = groupsOf(headers, subject.groups, encoding, groupSeparator)
  for (const value of unsent) onUnsent({ header: groups, value })
  if (text !== '') lines.push(groups, text)
  return lines
}

/** The name by which an app knows the person. */
export function nameFor({ names }: Pick<IdentityHeaders, 'names'>, { name, originalName }: Subject): string {
  return names === 'original' ? (originalName ?? name) : name
}

interface GroupsText {
  readonly text: string
  readonly unsent: readonly string[]
}

/** Keyed by app and by the array of groups, which is the same object while the account is cached. */
const known = new WeakMap<IdentityHeaders, WeakMap<readonly string[], GroupsText>>()

function groupsOf(
  headers: IdentityHeaders,
  groups: readonly string[],
  encoding: HeaderEncoding,
  separator: string
): GroupsText {
  const texts = known.get(headers) ?? new WeakMap<readonly string[], GroupsText>()
  known.set(headers, texts)
  let found = texts.get(groups)
  if (found === undefined) {
    const encoded = groups.map(group => (isOneGroup(group, separator) ? encodeValue(group, encoding) : null))
    const isSent = (value: string | null) => value !== null && !value.includes(separator)
    found = {
      text: encoded.filter(isSent).join(separator),
      unsent: groups.filter((_, i) => !isSent(encoded[i] ?? null))
    }
    texts.set(groups, found)
  }
  return found
}

/** False if an app would split or trim the name into another group. */
function isOneGroup(group: string, separator: string): boolean {
  return group !== '' && !group.includes(separator) && group.trim() === group
}
