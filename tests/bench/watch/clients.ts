/** Browsers and programs as a server sees them: their names, and the headers in the order in which they send them. */
import type { Random } from './random.ts'

export interface Client {
  readonly userAgent: string
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[]
  readonly browser: BrowserKind | null
}

interface BrowserKind {
  readonly system: string
  readonly name: string
  readonly version: number
}

const browserNames = [
  ['Windows NT 10.0; Win64; x64', 'Chrome'],
  ['Windows NT 10.0; Win64; x64', 'Firefox'],
  ['Macintosh; Intel Mac OS X 10_15_7', 'Safari'],
  ['Macintosh; Intel Mac OS X 10_15_7', 'Chrome'],
  ['X11; Linux x86_64', 'Firefox'],
  ['X11; Linux x86_64', 'Chrome'],
  ['Windows NT 10.0; Win64; x64', 'Edg']
] as const

const languages = [
  'de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7',
  'de,en-US;q=0.7,en;q=0.3',
  'en-US,en;q=0.9',
  'en-GB,en;q=0.9,de;q=0.8',
  'fr-FR,fr;q=0.9,en;q=0.8'
]

export const languageOf = (random: Random) => random.pick(languages)

export function browserIn(random: Random, language: string): Client {
  const [system, name] = random.pick(browserNames)
  return browser({ system, name, version: 140 }, language)
}

/** The same browser after an update. */
export function updated({ browser: kind }: Client, language: string): Client | null {
  return kind === null ? null : browser({ ...kind, version: kind.version + 1 }, language)
}

function browser(kind: BrowserKind, language: string): Client {
  const { system, name, version } = kind
  const userAgent = agentOf(kind)
  const encodings = name === 'Safari' ? 'gzip, deflate, br' : 'gzip, deflate, br, zstd'
  if (name === 'Firefox' || name === 'Safari') {
    const head = ['User-Agent', userAgent, 'Accept', '*/*']
    const headers = name === 'Safari' ? [...head.slice(2), ...head.slice(0, 2)] : head
    const rawHeaders = [...headers, 'Accept-Language', language, 'Accept-Encoding', encodings]
    return { userAgent, browser: kind, rawHeaders }
  }
  const platform = /Windows/.test(system) ? '"Windows"' : /Mac/.test(system) ? '"macOS"' : '"Linux"'
  const hints = ['sec-ch-ua-platform', platform, 'sec-ch-ua', `"Chromium";v="${version}"`, 'sec-ch-ua-mobile', '?0']
  const rest = ['Accept', '*/*', 'Accept-Encoding', encodings, 'Accept-Language', language]
  return { userAgent, browser: kind, rawHeaders: [...hints, 'User-Agent', userAgent, ...rest] }
}

function agentOf({ system, name, version }: BrowserKind): string {
  if (name === 'Firefox') return `Mozilla/5.0 (${system}; rv:${version}.0) Gecko/20100101 Firefox/${version}.0`
  if (name === 'Safari')
    return `Mozilla/5.0 (${system}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.${version % 10} Safari/605.1.15`
  const chrome = `Mozilla/5.0 (${system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 Safari/537.36`
  return name === 'Edg' ? `${chrome} Edg/${version}.0.0.0` : chrome
}

export function phone(language: string): Client {
  const userAgent =
    'Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1'
  const rest = ['Accept-Language', language, 'Accept-Encoding', 'gzip, deflate, br']
  return { userAgent, browser: null, rawHeaders: ['Accept', '*/*', 'User-Agent', userAgent, ...rest] }
}

export function program(userAgent: string): Client {
  const encodings = userAgent.startsWith('curl') ? [] : ['Accept-Encoding', 'gzip']
  return { userAgent, browser: null, rawHeaders: ['User-Agent', userAgent, 'Accept', '*/*', ...encodings] }
}

/** The script of a page that asks for texts in a language of its own. */
export function inLanguage(client: Client, language: string): Client {
  const { rawHeaders } = client
  const at = rawHeaders.indexOf('Accept-Language') + 1
  return at === 0 ? client : { ...client, rawHeaders: rawHeaders.map((text, i) => (i === at ? language : text)) }
}

/** A program that gives itself the name of a browser, and at times also a language; the order of its headers stays its own. */
export function forged({ userAgent }: Client, random: Random): Client {
  const language = random.chance(0.5) ? ['Accept-Language', 'en-US,en;q=0.5'] : []
  const rawHeaders = ['User-Agent', userAgent, 'Accept-Encoding', 'gzip, deflate', 'Accept', '*/*', ...language]
  return { userAgent, browser: null, rawHeaders }
}
