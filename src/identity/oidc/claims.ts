/** What a provider's claims say of a person. */
import { timeUnknown, toldAt } from '../../factor/proof.ts'
import { quoted } from './provider-problem.ts'
import { clockToleranceSeconds } from './signing-keys.ts'

export type Claims = Readonly<Record<string, unknown>>

/** Paths; a dot enters an object. */
export interface ClaimPaths {
  readonly name: string
  readonly display: string
  readonly email: string
  readonly groups: string
}

export interface MfaValues {
  readonly acr: readonly string[]
  readonly amr: readonly string[]
}

/** A claim with dots in its name (`https://lab.example/groups`) comes first. */
export function claimAt(claims: unknown, path: string): unknown {
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return undefined
  if (Object.hasOwn(claims, path)) return (claims as Claims)[path] ?? undefined
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
    const name = path.slice(0, dot)
    const value = Object.hasOwn(claims, name) ? claimAt((claims as Claims)[name], path.slice(dot + 1)) : undefined
    if (value !== undefined) return value
  }
  return undefined
}

const ofTheProtocol = new Set(
  'acr amr at_hash aud auth_time azp c_hash exp iat iss jti nbf nonce rat s_hash sid'.split(' ')
)
const maxNames = 40

/** The names of claims about a person, for operators; values stay out. */
export function claimNames(...sets: readonly Claims[]): string {
  const names = [...new Set(sets.flatMap(Object.keys))].filter(name => !ofTheProtocol.has(name)).sort()
  const said = names.slice(0, maxNames).map(name => quoted(name.slice(0, 60)))
  return names.length > maxNames ? `${said.join(', ')} and more` : said.join(', ')
}

/** The scopes for a person's data (OpenID Connect Core §5.4), and those that the provider offers under the name of a claim, such as `groups`. */
export function scopesFor(paths: ClaimPaths, offered: unknown): string[] {
  const scopes = ['openid', 'profile', 'email']
  if (!Array.isArray(offered)) return scopes
  const named = Object.values(paths).flatMap(path => [path, path.split('.')[0]!])
  return [...new Set([...scopes, ...named.filter(name => offered.includes(name))])]
}

/** Anything but text and numbers is left out. */
export function textsOf(value: unknown): string[] {
  const values = Array.isArray(value) ? value : [value]
  return values.flatMap(each =>
    typeof each === 'string' ? [each] : typeof each === 'number' && Number.isFinite(each) ? [String(each)] : []
  )
}

/** True if the provider points to another address for the groups (OpenID Connect Core §5.6.2). */
export function isLeftOut(claims: Claims, path: string): boolean {
  const pointers = claims._claim_names
  if (typeof pointers !== 'object' || pointers === null) return claims.hasgroups === true
  const [first = path] = path.split('.')
  return Object.hasOwn(pointers, path) || Object.hasOwn(pointers, first)
}

/** The second factor of an ID token, with its time in milliseconds, or null. `acr` or `amr` may name it. An `amr` of a password alone outweighs `acr`. */
export function mfaIn(
  { acr, amr, auth_time: at }: Claims,
  values: MfaValues | null,
  now: number
): { at: number } | null {
  if (values === null) return null
  const methods = textsOf(amr)
  const isPasswordAlone = methods.length > 0 && methods.every(method => method === 'pwd' || method === 'pin')
  const isSaid =
    (typeof acr === 'string' && values.acr.includes(acr)) || methods.some(method => values.amr.includes(method))
  if (!isSaid || (isPasswordAlone && !methods.some(method => values.amr.includes(method)))) return null
  return { at: typeof at === 'number' && at > 0 ? toldAt(at * 1000, now) : timeUnknown }
}

/** Null if they are right. The library has checked `exp`. */
export function wrongTime({ iat, auth_time: at }: Claims, now: number): string | null {
  for (const [name, value] of Object.entries({ iat, auth_time: at })) {
    if (value === undefined && name === 'auth_time') continue
    if (typeof value !== 'number' || !Number.isFinite(value)) return `${name} is no time`
    const ahead = Math.round(value - now / 1000)
    if (ahead > clockToleranceSeconds)
      return `${name} is ${ahead} s in the future: the provider’s clock or this machine’s is wrong`
  }
  return null
}
