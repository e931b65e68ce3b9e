/**
 * Versions without further corrections, from the projects' own pages, as of 2026-11-28. A missing product, such as Tomcat's connector
 * (`Apache-Coyote/1.1`), says nothing.
 */

interface Line {
  readonly product: RegExp
  readonly name: string
  /** A shorter version covers its whole line. */
  readonly upTo: readonly number[]
  readonly since: string
}

const lines: readonly Line[] = [
  { product: /^php$/i, name: 'PHP', upTo: [5], since: '2018-12-31' },
  { product: /^php$/i, name: 'PHP', upTo: [7], since: '2022-11-28' },
  { product: /^php$/i, name: 'PHP', upTo: [8, 0], since: '2023-11-26' },
  { product: /^php$/i, name: 'PHP', upTo: [8, 1], since: '2025-12-31' },
  { product: /^apache$/i, name: 'Apache HTTP Server', upTo: [2, 2], since: '2017-12-31' },
  { product: /^nginx$/i, name: 'nginx', upTo: [1, 24], since: '2024-04-23' },
  { product: /^nginx$/i, name: 'nginx', upTo: [1, 26], since: '2025-04-23' },
  { product: /^openssl$/i, name: 'OpenSSL', upTo: [1, 0], since: '2019-12-31' },
  { product: /^openssl$/i, name: 'OpenSSL', upTo: [1, 1], since: '2023-09-11' },
  { product: /^openssl$/i, name: 'OpenSSL', upTo: [3, 0], since: '2026-09-07' },
  { product: /^c?python$/i, name: 'Python', upTo: [2], since: '2020-01-01' },
  { product: /^c?python$/i, name: 'Python', upTo: [3, 8], since: '2024-10-07' },
  { product: /^c?python$/i, name: 'Python', upTo: [3, 9], since: '2025-10-31' },
  { product: /^c?python$/i, name: 'Python', upTo: [3, 10], since: '2026-10-31' },
  { product: /^microsoft-iis$/i, name: 'IIS', upTo: [7], since: '2020-01-14' },
  { product: /^microsoft-iis$/i, name: 'IIS', upTo: [8], since: '2023-10-10' },
  { product: /^tomcat$/i, name: 'Apache Tomcat', upTo: [7], since: '2021-03-31' },
  { product: /^tomcat$/i, name: 'Apache Tomcat', upTo: [8], since: '2024-03-31' },
  { product: /^jetty$/i, name: 'Jetty', upTo: [9], since: '2022-06-01' },
  { product: /^jetty$/i, name: 'Jetty', upTo: [11], since: '2024-01-01' },
  { product: /^drupal$/i, name: 'Drupal', upTo: [7], since: '2025-01-05' },
  { product: /^drupal$/i, name: 'Drupal', upTo: [9], since: '2023-11-01' },
  { product: /^joomla!?$/i, name: 'Joomla', upTo: [3], since: '2023-08-17' },
  { product: /^joomla!?$/i, name: 'Joomla', upTo: [4], since: '2025-10-14' },
  { product: /^passenger$|^phusion_passenger$/i, name: 'Phusion Passenger', upTo: [4], since: '2015-12-31' }
]

interface EndOfLife {
  readonly name: string
  readonly version: string
  /** `2022-11-28` */
  readonly since: string
  /** True where a distribution may correct its own package further. */
  readonly isPackaged: boolean
}

/** `(Debian)`, `PHP/8.1.2-1ubuntu2.19`, `(Red Hat)`. */
const distribution =
  /debian|ubuntu|[-+~.]deb\d|red ?hat|rhel|centos|rocky|alma|fedora|[-.]el\d|suse|alpine|amazon|oracle linux/i

/** `text`: `Apache/2.2.34 (Unix) PHP/5.6.40`. `now`: milliseconds since the epoch. */
export function endOfLife(text: string, now: number): EndOfLife[] {
  const found: EndOfLife[] = []
  const isPackaged = distribution.test(text)
  for (const [, product = '', version = ''] of text.matchAll(/([A-Za-z][\w!-]*)[/ (]v?(\d+(?:\.\d+)*)/g)) {
    const numbers = version.split('.').map(Number)
    const of = lines.filter(line => line.product.test(product) && covers(line.upTo, numbers))
    // Later lines cover older versions too; the nearest has the right day.
    const nearest = of.sort((a, b) => compare(a.upTo, b.upTo))[0]
    if (nearest !== undefined && Date.parse(nearest.since) < now)
      found.push({ name: nearest.name, version, since: nearest.since, isPackaged })
  }
  return found
}

/** A version without its second number may be any. */
function covers(upTo: readonly number[], version: readonly number[]): boolean {
  if (version.length < upTo.length && compare(version, upTo) === 0) return false
  return compare(version, upTo) <= 0
}

function compare(a: readonly number[], b: readonly number[]): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return 0
}
