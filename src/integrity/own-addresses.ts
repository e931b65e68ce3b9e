/** Addresses in a page: a path inside the app, or an origin. */
import { foreignFolder, hostShape, pathShape } from './path-shape.ts'

export interface PageAddress {
  /** The address has no query. */
  readonly url: string
  /** The app's public origin, and its other names. */
  readonly origins: readonly string[]
  /** '' for none. */
  readonly prefix: string
}

export class OwnAddresses {
  readonly #hosts: ReadonlySet<string>
  readonly #prefix: string
  readonly #page: string
  #base: string
  #hasBase = false

  constructor({ url, origins, prefix }: PageAddress) {
    this.#hosts = new Set(origins.map(hostOf))
    this.#prefix = prefix
    this.#base = url
    this.#page = this.#inside(new URL(url).pathname)
  }

  /** The scheme does not matter. */
  isOwn(origin: string): boolean {
    return this.#hosts.has(hostOf(origin))
  }

  /** Null for every `<base href>` but the first. */
  setBase(href: string): string | null {
    const url = this.#resolve(href)
    if (url === null || this.#hasBase) return null
    this.#hasBase = true
    this.#base = url.href
    return this.isOwn(url.origin) ? pathShape(this.#inside(url.pathname)) : this.#foreign(url)
  }

  /** A path, or a folder on another origin. */
  script(address: string): string | null {
    const url = this.#resolve(address)
    if (url === null) return null
    if (this.isOwn(url.origin)) return pathShape(this.#inside(url.pathname))
    return isWeb(url) ? this.#foreign(url) + foreignFolder(url.pathname) : url.protocol
  }

  /** `/` for the app itself, or another origin. */
  frame(address: string): string | null {
    const url = this.#resolve(address)
    if (url === null) return null
    return this.isOwn(url.origin) ? '/' : this.#foreign(url)
  }

  /** `.` is the page itself, and `./x` is below it. */
  target(address: string): string | null {
    if (address.trim() === '') return '.'
    const url = this.#resolve(address)
    if (url === null) return null
    if (!this.isOwn(url.origin)) return this.#foreign(url)
    const path = this.#inside(url.pathname)
    if (path === this.#page) return '.'
    const page = this.#page.endsWith('/') ? this.#page : `${this.#page}/`
    if (page !== '/' && path.startsWith(page)) return `.${pathShape(path.slice(page.length - 1))}`
    return pathShape(path)
  }

  path(address: string): string | null {
    const url = this.#resolve(address)
    return url === null || !this.isOwn(url.origin) ? null : pathShape(this.#inside(url.pathname))
  }

  #foreign(url: URL): string {
    return isWeb(url) ? `${url.protocol}//${hostShape(url.host)}` : url.protocol
  }

  #inside(path: string): string {
    const prefix = this.#prefix
    return prefix !== '' && (path === prefix || path.startsWith(`${prefix}/`)) ? path.slice(prefix.length) || '/' : path
  }

  #resolve(address: string): URL | null {
    try {
      return new URL(address, this.#base)
    } catch {
      return null
    }
  }
}

function isWeb({ protocol }: URL): boolean {
  return protocol === 'http:' || protocol === 'https:' || protocol === 'ws:' || protocol === 'wss:'
}

function hostOf(origin: string): string {
  return origin.replace(/^[a-z]+:\/\//i, '').toLowerCase()
}
