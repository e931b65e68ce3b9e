/** The apps of one host, by path prefix. */
interface PrefixedApp {
  readonly id: string
  readonly prefix: string
  readonly policy: { readonly caseSensitive: boolean }
}

export class PrefixTable<App extends PrefixedApp> {
  readonly #root: App | undefined
  readonly #byPrefix = new Map<string, App>()
  readonly #byFoldedPrefix = new Map<string, App>()
  readonly #depth: number

  constructor(apps: readonly App[]) {
    for (const app of apps) {
      if (!/^(?:\/[^/?#\\%;]+)*$/.test(app.prefix) || /(?:^|\/)\.\.?(?:\/|$)/.test(app.prefix))
        throw new Error(`'${app.prefix}' of app ${app.id} is no prefix such as /nb`)
      const folded = app.prefix.toLowerCase()
      if (folded === '/.factorgate' || folded.startsWith('/.factorgate/'))
        throw new Error(`app ${app.id} stands inside /.factorgate, which is the gate's own`)
      if (this.#byPrefix.has(app.prefix))
        throw new Error(`apps ${this.#byPrefix.get(app.prefix)!.id} and ${app.id} stand at one address`)
      this.#byPrefix.set(app.prefix, app)
      if (!this.#byFoldedPrefix.has(folded)) this.#byFoldedPrefix.set(folded, app)
    }
    this.#root = this.#byPrefix.get('')
    this.#depth = Math.max(0, ...apps.map(app => app.prefix.split('/').length - 1))
  }

  at(path: string): App | undefined {
    return this.#depth === 0 ? this.#root : this.#longest(path, this.#byPrefix)
  }

  /** True if a server that ignores letter case would find another app, such as `/NB/x` beside `/nb`. */
  isFoldedElsewhere(readings: readonly string[], app: App | undefined): boolean {
    if (this.#depth === 0) return false
    return readings.some(reading => {
      const folded = this.#longest(reading.toLowerCase(), this.#byFoldedPrefix)
      if (folded === app || folded === undefined) return false
      const isTwin = app !== undefined && folded.prefix.toLowerCase() === app.prefix.toLowerCase()
      return !isTwin && !folded.policy.caseSensitive
    })
  }

  #longest(path: string, apps: ReadonlyMap<string, App>): App | undefined {
    let found = apps.get('')
    let end = 0
    for (let depth = 0; depth < this.#depth && end < path.length; depth++) {
      const next = path.indexOf('/', end + 1)
      end = next < 0 ? path.length : next
      const app = apps.get(path.slice(0, end))
      if (app !== undefined) found = app
    }
    return found
  }
}
