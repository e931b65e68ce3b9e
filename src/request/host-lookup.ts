/**
 * Addresses of institutions' hosts. A name server that does not answer holds one of Node.js's two threads for look-ups for tens of seconds. So one name is
 * looked up at a time, and the other thread stays for the apps.
 */
import { type LookupAddress, lookup as lookUp } from 'node:dns'
import type { LookupFunction } from 'node:net'

type Answer = { readonly error: NodeJS.ErrnoException | null; readonly found: readonly LookupAddress[] }
type LookUp = (host: string, done: (answer: Answer) => void) => void

interface HostLookupOptions {
  readonly lookUp?: LookUp
  /** After this wait the last known address serves. */
  readonly patienceMs?: number
}

const maxNames = 200

export function hostLookup({ lookUp = bySystem, patienceMs = 1000 }: HostLookupOptions = {}): LookupFunction {
  const known = new Map<string, readonly LookupAddress[]>()
  const waiting = new Map<string, ((answer: Answer) => void)[]>()
  let isBusy = false

  const next = () => {
    const [host] = waiting.keys()
    if (isBusy || host === undefined) return
    isBusy = true
    lookUp(host, answer => {
      isBusy = false
      const asked = waiting.get(host) ?? []
      waiting.delete(host)
      if (answer.error === null) remember(host, answer.found)
      for (const tell of asked) tell(answer)
      next()
    })
  }

  const remember = (host: string, found: readonly LookupAddress[]) => {
    if (known.size >= maxNames) known.clear()
    known.set(host, found)
  }

  return (host, options, callback) => {
    let isTold = false
    const tell = ({ error, found }: Answer) => {
      if (isTold) return
      isTold = true
      clearTimeout(timer)
      const family = options.family === 4 || options.family === 6 ? options.family : null
      const fit = family === null ? found : found.filter(each => each.family === family)
      const [first] = fit
      if (error !== null || first === undefined) return callback(error ?? notFound(host), '', 0)
      if (options.all === true) callback(null, [...fit])
      else callback(null, first.address, first.family)
    }
    const timer = setTimeout(() => {
      const found = known.get(host)
      if (found !== undefined) tell({ error: null, found })
    }, patienceMs)
    const asked = waiting.get(host)
    if (asked === undefined) waiting.set(host, [tell])
    else asked.push(tell)
    next()
  }
}

function bySystem(host: string, done: (answer: Answer) => void): void {
  lookUp(host, { all: true }, (error, found = []) => done({ error, found }))
}

function notFound(host: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND', hostname: host })
}

export const lookupOfInstitutions: LookupFunction = hostLookup()
