/**
 * Watches a person's browser for what nobody should ever see: errors in the console, things our policy stopped, requests to anybody
 * but the gate. Owns the list of complaints; a refusal shown as a page (401, 403, …) is an answer, not a complaint.
 */
import type { BrowserContext, ConsoleMessage } from 'playwright-core'

export interface Witness {
  /** What was complained of so far, but for what was expected. */
  readonly complaints: readonly string[]
  /** A complaint that the story itself brings about, such as a download that is cut. Answers how often it was heard so far. */
  expect(pattern: RegExp): () => number
}

/** Listens from now on to every page of `context`. Whatever is not on a host of the gate at `port` counts as somebody else. */
export async function watch(context: BrowserContext, port: number): Promise<Witness> {
  const heard: string[] = []
  const expected: RegExp[] = []
  const documents = new Set<string>()

  await context.exposeBinding('tellOfViolation', (_source, told: string) => void heard.push(`policy: ${told}`))
  await context.addInitScript(`document.addEventListener('securitypolicyviolation', event =>
    tellOfViolation(event.documentURI + ' ' + event.effectiveDirective + ' ' + event.blockedURI))`)
  context.on('request', request => {
    if (request.resourceType() === 'document') documents.add(request.url())
    if (!isOurs(request.url(), port)) heard.push(`request: ${request.url()}`)
  })
  context.on('page', page =>
    page.on('websocket', socket => {
      if (!isOurs(socket.url(), port)) heard.push(`request: ${socket.url()}`)
    })
  )
  context.on('weberror', error => void heard.push(`error: ${error.error().message}`))
  context.on('console', message => {
    if (isComplaint(message, documents)) heard.push(`console: ${message.text()} ${message.location().url}`)
  })

  return {
    get complaints() {
      return heard.filter(text => !expected.some(pattern => pattern.test(text)))
    },
    expect(pattern) {
      expected.push(pattern)
      return () => heard.filter(text => pattern.test(text)).length
    }
  }
}

function isOurs(url: string, port: number): boolean {
  const { protocol, hostname, port: asked } = new URL(url)
  if (protocol === 'data:' || protocol === 'blob:') return true
  return hostname.endsWith('.localhost') && asked === String(port)
}

function isComplaint(message: ConsoleMessage, documents: ReadonlySet<string>): boolean {
  if (message.type() !== 'error' && message.type() !== 'warning') return false
  const isStatus = /^Failed to load resource: the server responded with a status of 4\d\d /.test(message.text())
  return !(isStatus && documents.has(message.location().url))
}
