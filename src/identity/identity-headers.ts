/** The identity headers of a person: what an app is told of who is there, in-line and by forward-auth alike. */
import { encodeValue } from './header-encoding.ts'
import type { IdentityHeaders } from './header-profiles.ts'
import type { Subject } from './subject.ts'

/** A value that was left out, since it cannot be sent, or would be read as something else. */
export interface Unsent {
  readonly header: string
  readonly value: string
}

/**
 * Alternating names and values (one character for each byte). A missing attribute makes no line, since some apps read an empty one as "none
 * from now on". Where the sign-in name cannot be sent, nothing is, otherwise an app would see groups of nobody. What is left out goes
 * to `onUnsent`.
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
  add(user, subject.name)
  if (user !== null && lines.length === 0) return []
  add(preferredUsername, subject.name)
  add(name, subject.displayName)
  add(email, subject.email)
  if (groups === null) return lines
  const sent: string[] = []
  for (const group of subject.groups) {
    const encoded = isOneGroup(group, groupSeparator) ? encodeValue(group, encoding) : null
    if (encoded !== null && !encoded.includes(groupSeparator)) sent.push(encoded)
    else onUnsent({ header: groups, value: group })
  }
  if (sent.length > 0) lines.push(groups, sent.join(groupSeparator))
  return lines
}

/** False for a name that an app would split or trim into another group's, whether it decodes the value before that or after. */
function isOneGroup(group: string, separator: string): boolean {
  return group !== '' && !group.includes(separator) && group.trim() === group
}
