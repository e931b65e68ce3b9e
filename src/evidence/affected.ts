/** Which packages of the bill of materials an advisory is about. What cannot be read "may be affected". */
import semver from 'semver'
import type { Advisory, Versions } from './advisories.ts'
import type { Component } from './sbom.ts'

interface AffectedPackage {
  readonly component: Component
  readonly advisory: Advisory
  readonly isCertain: boolean
}

export interface Findings {
  /** Certain ones first. */
  readonly found: readonly AffectedPackage[]
  readonly read: number
  /** About a package of the bill, in whatever version. */
  readonly about: number
}

export function findingsOf(advisories: readonly Advisory[], components: readonly Component[]): Findings {
  const byName = new Map<string, Component[]>()
  for (const one of components) byName.set(one.name, [...(byName.get(one.name) ?? []), one])
  const found = new Map<string, AffectedPackage>()
  let about = 0
  for (const advisory of advisories) {
    const ours = byName.get(advisory.name) ?? []
    if (ours.length > 0) about++
    for (const component of ours) {
      const state = stateOf(component.version, advisory.versions)
      if (state === 'not affected') continue
      // A file may repeat an advisory with another range.
      const key = JSON.stringify([component.purl, advisory.id])
      const isCertain = state === 'affected'
      if (found.get(key)?.isCertain !== true) found.set(key, { component, advisory, isCertain })
    }
  }
  const order = [...found.values()].sort((a, b) => Number(b.isCertain) - Number(a.isCertain))
  return { found: order, read: advisories.length, about }
}

export function stateOf(version: string, versions: Versions | null): 'affected' | 'may be affected' | 'not affected' {
  if (versions === null || semver.valid(version) === null) return 'may be affected'
  if (versions.exact.includes(version)) return 'affected'
  let isCertain = true
  for (const range of versions.ranges) {
    if (semver.validRange(range) === null) isCertain = false
    // A pre-release of an affected version is affected too.
    else if (semver.satisfies(version, range, { includePrerelease: true })) return 'affected'
  }
  return isCertain ? 'not affected' : 'may be affected'
}
