/**
 * Known faults of packages, from an operator's file: OSV entries (one, a list, one a line, the answer of its API, or of osv-scanner), or
 * `npm audit --json` (both versions). `affected.ts` decides which packages are affected, since the file is not trusted for that.
 */
import semver from 'semver'

export interface Advisory {
  /** `GHSA-…`, `CVE-…` or npm's number. */
  readonly id: string
  readonly aliases: readonly string[]
  readonly name: string
  readonly summary: string
  readonly severity: string | null
  readonly url: string | null
  /** Null if nothing about versions is understood. */
  readonly versions: Versions | null
}

export interface Versions {
  /** Ranges in npm's words: `<1.2.3 || >=2.0.0 <2.1.0`. */
  readonly ranges: readonly string[]
  readonly exact: readonly string[]
}

export class AdvisoryFileError extends Error {
  override readonly name = 'AdvisoryFileError'
}

type Json = Readonly<Record<string, unknown>>

/** Reads those for npm packages. Throws AdvisoryFileError, whose message says what is wrong. */
export function readAdvisories(text: string): Advisory[] {
  const value = parse(text)
  if (Array.isArray(value)) return value.flatMap(entry => osv(objectOf(entry)))
  const top = objectOf(value)
  if (isObject(top.error))
    throw new AdvisoryFileError(`npm audit failed: ${wordOf(top.error.summary ?? top.error.code)}`)
  if (isObject(top.vulnerabilities) && top.auditReportVersion !== undefined) return npmAudit(top.vulnerabilities)
  if (isObject(top.advisories)) return Object.values(top.advisories).map(one => olderAudit(objectOf(one)))
  if (Array.isArray(top.vulns)) return top.vulns.flatMap(entry => osv(objectOf(entry)))
  if (Array.isArray(top.results)) return top.results.flatMap(one => scanned(objectOf(one)))
  if (typeof top.id === 'string' && (top.affected !== undefined || top.modified !== undefined)) return osv(top)
  throw new AdvisoryFileError('it is neither a list of OSV entries nor the result of npm audit --json')
}

function parse(text: string): unknown {
  const whole = text.replace(/^\ufeff/, '').trim()
  if (whole === '') throw new AdvisoryFileError('it is empty')
  try {
    return JSON.parse(whole)
  } catch (error) {
    // Some exports of OSV have one entry a line.
    const lines = whole.split('\n').filter(line => line.trim() !== '')
    try {
      if (lines.length > 1) return lines.map(line => JSON.parse(line))
    } catch {}
    throw new AdvisoryFileError(`it is no JSON: ${(error as Error).message}`)
  }
}

/** https://ossf.github.io/osv-schema/ */
function osv(entry: Json): Advisory[] {
  if (typeof entry.id !== 'string') throw new AdvisoryFileError('an entry has no id, so it is no OSV entry')
  if (entry.withdrawn !== undefined && entry.withdrawn !== null) return []
  const affected = listOf(entry.affected).map(objectOf)
  return affected
    .filter(({ package: its }) => isObject(its) && /^npm$/i.test(wordOf(its.ecosystem)))
    .map(one => ({
      id: entry.id as string,
      aliases: listOf(entry.aliases).map(wordOf),
      name: wordOf(objectOf(one.package).name),
      summary: wordOf(entry.summary ?? String(entry.details ?? '').split('\n')[0]),
      severity: severityOf(entry),
      url: firstUrl(entry),
      versions: versionsOf(one)
    }))
}

function versionsOf(affected: Json): Versions | null {
  const ranges = listOf(affected.ranges).map(objectOf)
  const exact = listOf(affected.versions).map(wordOf)
  // Commits say nothing about a version.
  const readable = ranges.filter(({ type }) => type !== 'GIT')
  const known = readable.map(rangeOf)
  if (known.some(range => range === null)) return null
  if (known.length === 0 && exact.length === 0) return null
  return { ranges: known as string[], exact }
}

/** Turns OSV's events into npm's words: `>=1.0.0 <1.2.3 || >=2.0.0`. Null if an event is not understood. */
function rangeOf({ events }: Json): string | null {
  const parts: string[] = []
  let from: string | null = null
  const changes = listOf(events).flatMap(event => Object.entries(objectOf(event)).slice(0, 1))
  const first = (version: unknown) => (version === '0' ? '0.0.0-0' : version)
  if (changes.some(([, version]) => semver.valid(first(version) as string) === null)) return null
  // Events may stand in any order. A stable sort keeps what a file says of one version.
  changes.sort(([, a], [, b]) => semver.compare(first(a) as string, first(b) as string))
  for (const [word, value] of changes) {
    const version = first(value) as string
    if (word === 'introduced') from ??= version
    else if (word === 'fixed' || word === 'last_affected') {
      parts.push(`${from === null ? '' : `>=${from} `}${word === 'fixed' ? '<' : '<='}${version}`)
      from = null
    } else if (word !== 'limit') return null
  }
  if (from !== null) parts.push(`>=${from}`)
  return parts.length === 0 ? null : parts.join(' || ')
}

function severityOf(entry: Json): string | null {
  const { database_specific: own, severity } = entry
  if (isObject(own) && typeof own.severity === 'string') return own.severity.toLowerCase()
  const score = listOf(severity).map(objectOf)[0]?.score
  return typeof score === 'string' ? score : null
}

function firstUrl(entry: Json): string | null {
  const references = listOf(entry.references).map(objectOf)
  const best = references.find(({ type }) => type === 'ADVISORY') ?? references[0]
  return urlOf(best?.url)
}

/** osv-scanner, and the API's answer to many questions. */
function scanned(result: Json): Advisory[] {
  if (Array.isArray(result.vulns)) return result.vulns.flatMap(entry => osv(objectOf(entry)))
  return listOf(result.packages)
    .map(objectOf)
    .flatMap(one => listOf(one.vulnerabilities).flatMap(entry => osv(objectOf(entry))))
}

/** npm 7 and newer. A text in `via` names a package with its own row. */
function npmAudit(vulnerabilities: Json): Advisory[] {
  const rows = Object.values(vulnerabilities).flatMap(one => listOf(objectOf(one).via))
  return rows.filter(isObject).map(via => ({
    id: idIn(via.url) ?? wordOf(via.source),
    aliases: [],
    name: wordOf(via.dependency ?? via.name),
    summary: wordOf(via.title),
    severity: typeof via.severity === 'string' ? via.severity : null,
    url: urlOf(via.url),
    versions: typeof via.range === 'string' ? { ranges: [via.range], exact: [] } : null
  }))
}

/** npm 6. */
function olderAudit(one: Json): Advisory {
  const range = one.vulnerable_versions
  return {
    id: idIn(one.url) ?? wordOf(one.github_advisory_id ?? one.id),
    aliases: listOf(one.cves).map(wordOf),
    name: wordOf(one.module_name),
    summary: wordOf(one.title),
    severity: typeof one.severity === 'string' ? one.severity : null,
    url: urlOf(one.url),
    versions: typeof range === 'string' ? { ranges: [range], exact: [] } : null
  }
}

function idIn(url: unknown): string | null {
  return /\b(GHSA(?:-[0-9a-z]{4}){3}|CVE-\d{4}-\d{4,})\b/.exec(wordOf(url))?.[1] ?? null
}

/** Takes only http(s), because it becomes a link. */
function urlOf(value: unknown): string | null {
  return typeof value === 'string' && /^https?:\/\/[^\s"<>]+$/.test(value) ? value : null
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function objectOf(value: unknown): Json {
  if (!isObject(value)) throw new AdvisoryFileError('an entry is no object')
  return value
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}
