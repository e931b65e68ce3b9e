/** A person's browser without scripts, over `inject`: a jar for each host, links, redirects and forms. */
import type { FastifyInstance, InjectOptions } from 'fastify'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>
  readonly body: string
  readonly url: string
  readonly setCookies: readonly string[]
}

export interface FormFound {
  readonly action: string
  readonly names: readonly string[]
  readonly hidden: Readonly<Record<string, string>>
}

const navigate = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none' }

export class Visitor {
  readonly jars = new Map<string, Map<string, string>>()
  readonly #app: FastifyInstance
  readonly #address: string
  readonly #userAgent: string

  constructor(app: FastifyInstance, options: { address?: string; userAgent?: string } = {}) {
    this.#app = app
    this.#address = options.address ?? '192.0.2.17'
    this.#userAgent = options.userAgent ?? 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'
  }

  jar(host: string): Map<string, string> {
    const jar = this.jars.get(host) ?? new Map<string, string>()
    this.jars.set(host, jar)
    return jar
  }

  async send(method: 'GET' | 'POST', url: string, init: { headers?: Record<string, string>; body?: string } = {}) {
    const { host, pathname, search } = new URL(url)
    const cookie = [...this.jar(host)].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await this.#app.inject({
      method,
      url: pathname + search,
      remoteAddress: this.#address,
      headers: { host, 'user-agent': this.#userAgent, ...(cookie === '' ? {} : { cookie }), ...init.headers },
      ...(init.body === undefined ? {} : { payload: init.body })
    } satisfies InjectOptions)
    const setCookies = [answer.headers['set-cookie'] ?? []].flat()
    for (const line of setCookies) {
      const [pair = ''] = line.split(';')
      const cut = pair.indexOf('=')
      if (/max-age=0/i.test(line)) this.jar(host).delete(pair.slice(0, cut))
      else this.jar(host).set(pair.slice(0, cut), pair.slice(cut + 1))
    }
    return { status: answer.statusCode, headers: answer.headers, body: answer.body, url, setCookies } satisfies Answer
  }

  get(url: string): Promise<Answer> {
    return this.send('GET', url, { headers: navigate })
  }

  async follow(answer: Answer): Promise<Answer> {
    let current = answer
    for (let hops = 0; hops < 10; hops++) {
      const { location } = current.headers
      if (current.status < 300 || current.status > 399 || typeof location !== 'string') return current
      current = await this.get(new URL(location, current.url).href)
    }
    throw new Error(`too many redirects, last ${current.url}`)
  }

  async open(url: string): Promise<Answer> {
    return this.follow(await this.get(url))
  }

  /** Sends a form as a browser would; of several with the fields, the one whose action matches. Does not follow. */
  post(page: Answer, fields: Record<string, string>, to = /./): Promise<Answer> {
    const form = formsOf(page.body).find(
      one => to.test(one.action) && Object.keys(fields).every(name => one.names.includes(name))
    )
    if (form === undefined) throw new Error(`no form with ${Object.keys(fields)} on ${page.url}: ${page.body}`)
    return this.postTo(new URL(form.action || page.url, page.url).href, { ...form.hidden, ...fields })
  }

  postTo(url: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', url, {
      headers: {
        ...navigate,
        'content-type': 'application/x-www-form-urlencoded',
        origin: new URL(url).origin,
        'sec-fetch-site': 'same-origin',
        ...headers
      },
      body: new URLSearchParams(fields).toString()
    })
  }

  async submit(page: Answer, fields: Record<string, string>, to?: RegExp): Promise<Answer> {
    return this.follow(await this.post(page, fields, to))
  }
}

const decode = (text: string) =>
  text
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&')

const attribute = (tag: string, name: string) => {
  const value = new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1]
  return value === undefined ? undefined : decode(value)
}

export function formsOf(html: string): FormFound[] {
  return [...html.matchAll(/<form([^>]*)>([\s\S]*?)<\/form>/g)].map(([, head = '', inner = '']) => {
    const fields = [...inner.matchAll(/<(?:input|button)[^>]*>/g)].map(([tag]) => tag)
    const hidden = fields.filter(tag => tag.includes('type="hidden"'))
    return {
      action: attribute(head, 'action') ?? '',
      names: fields.map(tag => attribute(tag, 'name')).filter(name => name !== undefined),
      hidden: Object.fromEntries(hidden.map(tag => [attribute(tag, 'name') ?? '', attribute(tag, 'value') ?? '']))
    }
  })
}

/** What a person reads: tags gone, entities resolved. */
export function textOf(html: string): string {
  return decode(html.replace(/<(script|style)[\s\S]*?<\/\1>/g, '').replace(/<[^>]+>/g, ' ')).replace(/\s+/g, ' ')
}

/** The secret that an enrolment page shows. */
export function secretOn(page: Answer): string {
  return (/id="totp-secret"[^>]*>([^<]*)</.exec(page.body)?.[1] ?? '').replace(/\s/g, '')
}

/** The recovery codes that a page shows. */
export function codesOn(page: Answer): string[] {
  const [, list = ''] = /<ol class="secret codes"[^>]*>(.*?)<\/ol>/s.exec(page.body) ?? []
  return [...list.matchAll(/<li>(.*?)<\/li>/gs)].map(([, code = '']) => code.replace(/<[^>]+>/g, ''))
}
