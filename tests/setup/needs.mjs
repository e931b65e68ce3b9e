/** The programs that the tests and the bench start, with the Debian packages that bring them. */
import { mayInstall, whereIs } from './machine.mjs'

const asked = 'what real servers take a spelling for'

/**
 * A program's possible names, its packages, and the services that these start. Where nothing may be installed, the tests go on without what is spared,
 * and say of each that it is not asked (tests/threats/p/real-servers.ts). What is optional is installed by `npm run setup` alone: no run of the tests
 * waits for it.
 */
const needs = {
  test: [
    { programs: ['redis-server'], packages: ['redis-server'], unit: 'redis-server', why: 'the store tests' },
    {
      programs: ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
      packages: ['chromium-headless-shell', 'fonts-dejavu-core'],
      why: 'the page and ceremony tests'
    },
    // The headless shell has no device keys.
    { programs: ['chromium'], packages: ['chromium'], why: 'device keys in a browser', isSpared: true },
    {
      programs: ['promtool'],
      packages: ['prometheus'],
      unit: 'prometheus prometheus-node-exporter prometheus-node-exporter-apt prometheus-node-exporter-nvme',
      why: 'the metrics tests',
      isOptional: true
    },
    { programs: ['openssl'], packages: ['openssl'], why: 'the TLS tests' },
    // No service starts with it. One of two files that ask a real authority; the other asks one of our own.
    { programs: ['pebble', 'pebble-challtestsrv'], packages: ['pebble'], why: 'certificates by ACME', isSpared: true },
    // The metapackage `php` would bring a web server's module and service besides.
    { programs: ['php'], packages: ['php-cli'], why: asked, isSpared: true },
    { programs: ['nginx'], packages: ['nginx'], unit: 'nginx', why: `${asked}, and the forward-auth tests` },
    { programs: ['caddy'], packages: ['caddy'], unit: 'caddy', why: 'the forward-auth tests', isSpared: true },
    { programs: ['haproxy'], packages: ['haproxy'], unit: 'haproxy', why: 'the forward-auth tests', isSpared: true },
    { programs: ['apache2'], packages: ['apache2'], unit: 'apache2 apache-htcacheclean', why: asked, isSpared: true }
  ],
  bench: [
    {
      programs: ['nginx'],
      packages: ['nginx'],
      unit: 'nginx',
      why: 'a fast app behind the gate, and a plain proxy beside it'
    },
    { programs: ['wrk'], packages: ['wrk'], why: 'the load' },
    { programs: ['h2load'], packages: ['nghttp2-client'], why: 'the load over HTTP/2' },
    { programs: ['ip'], packages: ['iproute2'], why: 'a network of its own for slow downloads' },
    { programs: ['curl'], packages: ['curl'], why: 'large transfers' },
    { programs: ['redis-server'], packages: ['redis-server'], unit: 'redis-server', why: 'the shared store' }
  ]
}

/**
 * What is not on this machine.
 * @param {'test' | 'bench'} what
 */
export function missing(what) {
  return needs[what].filter(need => need.programs.every(name => whereIs(name) === null))
}

/**
 * What must be here before `what` can begin: all of it where it may be installed, otherwise what cannot be spared. The bench has stand-ins for some of its
 * programs and says what it does not measure.
 * @param {'test' | 'bench'} what
 */
export function lacking(what) {
  const needed = missing(what).filter(need => need.isOptional !== true)
  if (mayInstall() !== null) return needed
  return what === 'bench' ? [] : needed.filter(need => need.isSpared !== true)
}
