/**
 * A person with a browser whose scripts are off: host-only cookies, forms, redirects, and an authenticator app. Knows what the gate
 * promises to people outside and nothing of how it is built. Every host name resolves to loopback.
 */
import { createHmac } from 'node:crypto'
import http, { type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http'
import https from 'node:https'

export interface Page {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly url: string
}

interface Form {
  readonly action: string | null
  /** Every field with a name. */
  readonly names: readonly string[]
  /** What the hidden ones hold. */
  readonly hidden: Readonly<Record<string, string>>
}

const navigation: OutgoingHttpHeaders = {
  accept: 'text/html,application/xhtml+xml',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
  'user-agent': 'Mozilla/5.0 (person without scripts)'
}

const longestWaitMs = 20_000

export class Person {
  readonly #port: number
  readonly #from: string | undefined
  readonly #jars = new Map<string, Map<string, string>>()
  #agent: http.Agent | false = false
  /** Of the TOTP credential that was enrolled last, base32. */
  secret: string | null = null

  /** `from` is the loopback address it comes from; by default whichever the system takes. */
  constructor(port: number, from?: string) {
    this.#port = port
    this.#from = from
  }

  /** From now on requests without TLS share one connection, as a browser's do, until `leave`. By default each has its own. */
  stay(): void {
    this.#agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  }

  leave(): void {
    if (this.#agent) this.#agent.destroy()
    this.#agent = false
  }

  /** The `Cookie` header this browser sends to a host (with its port). */
  cookies(host: string): string {
    return [...(this.#jars.get(host) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** Has a cookie from elsewhere. */
  hold(host: string, pair: string): void {
    this.#keep(host, [pair])
  }

  /** Loses the cookies of a host, or one of them. */
  forget(host: string, name?: string): void {
    if (name === undefined) this.#jars.delete(host)
    else this.#jars.get(host)?.delete(name)
  }

  /** One request; redirects are not followed. */
  request(method: string, url: string, options: { headers?: OutgoingHttpHeaders; body?: string } = {}): Promise<Page> {
    const { host, pathname, search, href, protocol } = new URL(url)
    const cookie = this.cookies(host)
    return new Promise((resolve, reject) => {
      const request = (protocol === 'https:' ? https : http).request(
        {
          host: '127.0.0.1',
          // On loopback, of a gate that the test started: its certificate is its own.
          rejectUnauthorized: false,
          port: this.#port,
          ...(this.#from === undefined ? {} : { localAddress: this.#from }),
          method,
          path: pathname + search,
          agent: protocol === 'https:' ? false : this.#agent,
          headers: {
            ...navigation,
            host,
            ...(cookie === '' ? {} : { cookie }),
            ...options.headers,
            ...(options.body === undefined ? {} : { 'content-length': Buffer.byteLength(options.body) })
          }
        },
        response => {
          const parts: Buffer[] = []
          response.on('data', part => parts.push(part))
          response.on('error', reject)
          response.on('end', () => {
            this.#keep(host, response.headers['set-cookie'] ?? [])
            const body = Buffer.concat(parts).toString('utf8')
            resolve({ status: response.statusCode!, headers: response.headers, body, url: href })
          })
        }
      )
      request.on('error', reject)
      request.setTimeout(longestWaitMs, () => request.destroy(new Error(`no answer to ${method} ${url}`)))
      request.end(options.body)
    })
  }

  #keep(host: string, lines: readonly string[]): void {
    const jar = this.#jars.get(host) ?? new Map<string, string>()
    this.#jars.set(host, jar)
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split(';')
      const cut = pair.indexOf('=')
      const isDead = attributes.some(attribute => /^\s*max-age=0\s*$/i.test(attribute))
      if (isDead || cut === pair.length - 1) jar.delete(pair.slice(0, cut))
      else jar.set(pair.slice(0, cut), pair.slice(cut + 1))
    }
  }

  async #follow(page: Page): Promise<Page> {
    for (let hops = 0; hops < 12; hops++) {
      const { location } = page.headers
      if (page.status < 300 || page.status > 399 || location === undefined) return page
      page = await this.request('GET', new URL(location, page.url).href)
    }
    throw new Error(`${page.url} sends in circles`)
  }

  /** Types an address and goes wherever that leads. */
  async open(url: string): Promise<Page> {
    return this.#follow(await this.request('GET', url))
  }

  /** Fills the form that has all of `fields` (of several, the one whose action fits `to`) and sends it. */
  async submit(page: Page, fields: Readonly<Record<string, string>>, to?: RegExp): Promise<Page> {
    const fitting = formsOf(page.body).filter(form => Object.keys(fields).every(name => form.names.includes(name)))
    const form = fitting.find(each => to?.test(each.action ?? '')) ?? fitting[0]
    if (form === undefined)
      throw new Error(`no form with ${Object.keys(fields)} on ${page.url} (${page.status}): ${page.body.slice(0, 400)}`)
    const url = new URL(form.action ?? page.url, page.url)
    return this.#follow(
      await this.request('POST', url.href, {
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          origin: url.origin,
          'sec-fetch-site': 'same-origin'
        },
        body: new URLSearchParams({ ...form.hidden, ...fields }).toString()
      })
    )
  }

  /** Accepts an invitation with a password, enrols the first TOTP credential, and is signed in at the portal afterwards. */
  async accept(invitation: string, password: string): Promise<void> {
    await this.submit(await this.open(invitation), { password })
    const page = await this.open(new URL('/.factorgate/enrol/totp', invitation).href)
    const shown = /id="totp-secret"[^>]*>([\s\S]*?)</.exec(page.body)?.[1]
    if (shown === undefined) throw new Error(`no secret is shown on ${page.url} (${page.status})`)
    this.secret = shown.replace(/[^A-Z2-7]/gi, '')
    const done = await this.submit(page, { code: totpCode(this.secret, Date.now()), name: 'Telephone' })
    if (done.status >= 400) throw new Error(`enrolment was refused: ${done.status}`)
  }
}

/** The forms of a page, as a browser reads them. */
export function formsOf(html: string): Form[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].map(([, head = '', inner = '']) => {
    const fields = [...inner.matchAll(/<(?:input|button|textarea|select)\b[^>]*>/gi)].map(match => match[0])
    const named = fields.flatMap(field => attribute(field, 'name') ?? [])
    const hidden = fields.filter(field => attribute(field, 'type') === 'hidden')
    return {
      action: attribute(head, 'action'),
      names: named,
      hidden: Object.fromEntries(hidden.map(field => [attribute(field, 'name') ?? '', attribute(field, 'value') ?? '']))
    }
  })
}

function attribute(tag: string, name: string): string | null {
  const match = new RegExp(`\\s${name}="([^"]*)"`, 'i').exec(` ${tag}`)
  if (match === null) return null
  return match[1]!
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}

/** RFC 6238 with SHA-1, six digits and thirty seconds: what an authenticator app shows at `at`, in milliseconds since the epoch. */
export function totpCode(secret: string, at: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  let bits = ''
  for (const sign of secret.toUpperCase()) bits += alphabet.indexOf(sign).toString(2).padStart(5, '0')
  const key = Buffer.from(bits.match(/.{8}/g)!.map(byte => Number.parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)))
  const mac = createHmac('sha1', key).update(counter).digest()
  const code = (mac.readUInt32BE(mac[19]! & 15) & 0x7fff_ffff) % 1_000_000
  return String(code).padStart(6, '0')
}
