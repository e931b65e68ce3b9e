/**
 * A proxy in front that signs people in (mod_shib, mod_auth_openidc, Kerberos) and names them in headers. The gate knows it by its address
 * and a secret. A duplicate header, in any spelling, is refused, since proxies pass on unknown headers.
 */
import { timeUnknown } from '../factor/proof.ts'
import { isSameSecret } from '../ids.ts'
import { normalName } from '../request/header-name.ts'
import { type Networks, parseNetworks } from '../request/networks.ts'
import { canonicalName } from './account.ts'
import type { Source } from './arrival.ts'
import { type Institution, type InstitutionAnswer, refused } from './institution.ts'

interface HeaderNames {
  readonly id: string | null
  readonly name: string
  readonly display: string | null
  readonly email: string | null
  readonly groups: string | null
  readonly mfa: string | null
}

export interface HeaderOptions {
  readonly source: Source
  readonly from: readonly string[]
  readonly headers: HeaderNames
  readonly separator: ',' | ';'
  readonly secret: { readonly header: string; readonly value: string }
  /** Values of `headers.mfa` that mean a checked second factor. */
  readonly mfaValues: readonly string[]
}

interface FrontRequest {
  /** Address of the socket, regardless of X-Forwarded-For. */
  readonly peer: string
  /** Alternating names and values. */
  readonly rawHeaders: readonly string[]
}

/** Apache writes this for an unset variable (`RequestHeader set X-Remote-Name "%{NAME}e"`). */
const apacheUnset = '(null)'

export class HeaderInstitution implements Institution {
  readonly kind = 'header'
  readonly asksForMfa = false
  readonly source: Source
  readonly #options: HeaderOptions
  readonly #from: Networks

  /** Throws NetworkError. */
  constructor(options: HeaderOptions) {
    this.source = options.source
    this.#options = options
    this.#from = parseNetworks(options.from)
  }

  read({ peer, rawHeaders }: FrontRequest): InstitutionAnswer {
    const { headers, secret, separator, mfaValues } = this.#options
    if (!this.#from.contains(peer)) return invalid(`the request came from ${peer}, which is not in 'from'`)
    const given = readHeaders(rawHeaders, [secret.header, ...Object.values(headers).filter(name => name !== null)])
    if ('problem' in given) return invalid(given.problem)
    const saidIn = (name: string | null) => {
      const value = name === null ? null : (given.values.get(name) ?? null)
      return value === apacheUnset ? null : value
    }
    if (!isSameSecret(saidIn(secret.header) ?? '', secret.value))
      return invalid(`the secret in ${secret.header} is missing or wrong`)
    const name = saidIn(headers.name)
    if (name === null || name === '')
      return refused('institution_refused', `${headers.name} is missing: nobody is signed in at the proxy`)
    // Without an id, the canonical name identifies the person.
    const id = headers.id === null ? (canonicalName(name) ?? name) : saidIn(headers.id)
    if (id === null || id === '') return invalid(`${headers.id} is missing`)
    const said = headers.mfa === null ? [] : groupsIn(saidIn(headers.mfa) ?? '', separator)
    return {
      kind: 'arrived',
      arrival: {
        externalId: id,
        name,
        displayName: saidIn(headers.display),
        email: saidIn(headers.email),
        groups: headers.groups === null ? null : groupsIn(saidIn(headers.groups) ?? '', separator),
        mfa: said.some(value => mfaValues.includes(value)) ? { at: timeUnknown } : null
      },
      session: { sid: null, hint: null, endsAt: null }
    }
  }
}

function invalid(detail: string): InstitutionAnswer {
  return refused('institution_answer_invalid', detail)
}

/** The values as UTF-8, by configured name; or the problem with one. */
function readHeaders(
  rawHeaders: readonly string[],
  names: readonly string[]
): { readonly values: ReadonlyMap<string, string> } | { readonly problem: string } {
  const wanted = new Map(names.map(name => [normalName(name), name]))
  const values = new Map<string, string>()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const came = rawHeaders[i]!
    const name = wanted.get(normalName(came))
    if (name === undefined) continue
    if (came.toLowerCase() !== name.toLowerCase()) return { problem: `${name} came in another spelling` }
    if (values.has(name)) return { problem: `${name} came twice` }
    const value = utf8(rawHeaders[i + 1]!)
    if (value === null) return { problem: `${name} is not UTF-8` }
    values.set(name, value)
  }
  return { values }
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** Node gives the bytes of a value as latin-1. */
function utf8(value: string): string | null {
  try {
    return decoder.decode(Buffer.from(value, 'latin1')).trim()
  } catch {
    return null
  }
}

/** Splits at the separator; `\` escapes it, as in mod_shib. */
function groupsIn(text: string, separator: string): string[] {
  const values: string[] = []
  let value = ''
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!
    if (char === '\\' && text[i + 1] === separator) value += text[++i]
    else if (char === separator) {
      values.push(value)
      value = ''
    } else value += char
  }
  return [...values, value].map(each => each.trim()).filter(each => each !== '')
}
