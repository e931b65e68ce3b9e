/** The schema of `listen`: where browsers reach the gate, and with which certificate. */
import { acme } from './acme.ts'
import { proxyProtocol } from './proxy-protocol.ts'
import { choice, map, orNull, text, whole } from './schema-builders.ts'

const tls = map(
  {
    cert: orNull(
      text('file', {
        title: 'Certificate',
        description: 'PEM file with the certificate and its chain. `key` goes with it.',
        example: 'tls.crt'
      })
    ),
    key: orNull(
      text('file', { title: 'Private key', description: 'PEM file with the private key.', example: 'tls.key' })
    ),
    acme: orNull(acme)
  },
  {
    title: 'TLS',
    description:
      'The gate serves https itself, with a certificate from files (`cert` and `key`) or with certificates that it gets and renews itself (`acme`). If a proxy in front handles TLS, leave this out and list the proxy in `trustedProxies`. The gate reads the files again when they change.'
  }
)

const plainHttp = map(
  {
    host: orNull(
      text('listenHost', {
        title: 'Address',
        description: 'Address of this machine to listen on. Left out: as `listen.host`.',
        example: '0.0.0.0'
      })
    ),
    port: whole(
      { title: 'Port', description: 'TCP port; 0 lets the system choose.', default: 80, example: 8080 },
      0,
      65_535
    )
  },
  {
    title: 'Plain http',
    description:
      'A second listener without TLS. It sends every request on to the https address of the same site, and never to another host. It also answers the authority’s questions for `tls.acme`. Nothing else is served there.'
  }
)

export const listen = map(
  {
    host: text('listenHost', {
      title: 'Address',
      description:
        'Address of this machine to listen on. Only this machine can reach the default. `0.0.0.0` means every IPv4 address, `::` means every address. Not used if systemd has opened the socket.',
      default: '127.0.0.1',
      example: '0.0.0.0'
    }),
    port: whole(
      { title: 'Port', description: 'TCP port; 0 lets the system choose.', default: 8443, example: 443 },
      0,
      65_535
    ),
    tls: orNull(tls),
    http: orNull(plainHttp),
    http2: choice(['auto', 'off'], {
      title: 'HTTP/2',
      description:
        '`auto` offers HTTP/2 to browsers where `tls` is set and the gate runs on Node.js 24 or newer; with Node.js 20 and 22 they get HTTP/1.1. WebSockets use HTTP/1.1 always, and so do apps that sign people in by their connection (NTLM, Negotiate), and proxies in `trustedProxies`. `off` offers HTTP/1.1 alone.',
      default: 'auto',
      example: 'off'
    }),
    proxyProtocol: orNull(proxyProtocol),
    maxHeaderSize: text(
      'size',
      {
        title: 'Largest request header',
        description:
          'The largest size of request line and headers together. The gate answers larger ones with 431. Apps that set many cookies need a larger value.',
        default: '16KiB',
        example: '64KiB'
      },
      { 'x-least': 8192, 'x-most': 1024 ** 2 }
    )
  },
  { title: 'Listener', description: 'Where browsers, or the proxy in front, reach the gate.', default: {} }
)
