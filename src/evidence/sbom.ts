/** The bill of materials as CycloneDX JSON, made from npm's lock file. */

export interface Component {
  readonly name: string
  readonly version: string
  /** `pkg:npm/%40scope/name@1.2.3` */
  readonly purl: string
  /** SPDX identifiers or expressions. */
  readonly licences: readonly string[]
  /** True if the package is for some platforms only. */
  readonly isOptional: boolean
}

interface LockedPackage {
  readonly version?: string
  readonly license?: string | { readonly type?: string }
  readonly integrity?: string
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly optional?: boolean
  readonly link?: boolean
}

interface Lock {
  readonly name?: string
  readonly version?: string
  readonly packages?: Readonly<Record<string, LockedPackage>>
}

/** CycloneDX 1.5, without development packages. Throws SyntaxError for no JSON. */
export function bomOfLock(lockText: string): object {
  const lock = JSON.parse(lockText) as Lock
  const root = lock.packages?.[''] ?? {}
  const [name, version] = [String(lock.name ?? 'unknown'), String(lock.version ?? root.version ?? '0')]
  const components = Object.entries(lock.packages ?? {})
    .filter(([place, one]) => place !== '' && one.dev !== true && one.link !== true && one.version !== undefined)
    .map(([place, one]) => componentOf(place.slice(place.lastIndexOf('node_modules/') + 13), one))
  const unique = new Map(components.map(one => [one.purl, one]))
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      component: { type: 'application', 'bom-ref': purlOf(name, version), name, version, purl: purlOf(name, version) }
    },
    components: [...unique.values()].sort((a, b) => (a.purl < b.purl ? -1 : 1))
  }
}

function componentOf(name: string, { version = '', license, integrity, optional, devOptional }: LockedPackage) {
  const licence = typeof license === 'string' ? license : license?.type
  const purl = purlOf(name, version)
  const isExpression = licence !== undefined && /[ ()]/.test(licence)
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    scope: optional === true || devOptional === true ? 'optional' : 'required',
    ...hashesOf(integrity),
    licenses: licence === undefined ? [] : [isExpression ? { expression: licence } : { license: { id: licence } }],
    purl
  }
}

/** From a subresource integrity (`sha512-…`) to hexadecimal. */
function hashesOf(integrity: string | undefined): { hashes?: object[] } {
  const [, content] = /^sha512-([A-Za-z0-9+/=]+)$/.exec(integrity ?? '') ?? []
  return content === undefined
    ? {}
    : { hashes: [{ alg: 'SHA-512', content: Buffer.from(content, 'base64').toString('hex') }] }
}

function purlOf(name: string, version: string): string {
  return `pkg:npm/${name.split('/').map(encodeURIComponent).join('/')}@${encodeURIComponent(version)}`
}

interface Bom {
  readonly bomFormat?: unknown
  readonly components?: readonly {
    readonly group?: string
    readonly name?: string
    readonly version?: string
    readonly purl?: string
    readonly scope?: string
    readonly licenses?: readonly { readonly license?: { id?: string; name?: string }; readonly expression?: string }[]
  }[]
}

/** Null if it is no CycloneDX document. */
export function readBom(text: string): Component[] | null {
  let bom: Bom
  try {
    bom = JSON.parse(text) as Bom
  } catch {
    return null
  }
  if (bom?.bomFormat !== 'CycloneDX' || !Array.isArray(bom.components)) return null
  return (bom.components as NonNullable<Bom['components']>).map(
    ({ group, name = '', version = '', purl, scope, licenses = [] }) => {
      const whole = group ? `${group}/${name}` : name
      return {
        name: whole,
        version,
        purl: purl ?? purlOf(whole, version),
        licences: licenses.flatMap(({ license, expression }) => license?.id ?? license?.name ?? expression ?? []),
        isOptional: scope === 'optional'
      }
    }
  )
}
