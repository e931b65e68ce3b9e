/** The schema of client certificates. */
import { choice, duration, flag, map, text } from '../schema-builders.ts'
import { id, kind, oneOrMore, shared, title } from './shared.ts'

export const certificate = map(
  {
    id,
    kind: kind(
      'certificate',
      "`certificate`: the browser's client certificate says who the person is. It needs `listen.tls`."
    ),
    title,
    ca: text('file', {
      title: 'Certificate authorities',
      description:
        'PEM file with the authorities whose certificates are taken: a root, or an intermediate authority alone. Their certificates sign people in, so name no authority that also serves others.',
      example: 'card-ca.pem'
    }),
    crl: oneOrMore(text('file', { title: 'Revocation list', description: 'PEM or DER file.', example: 'card.crl' }), {
      title: 'Revocation lists',
      description:
        'One list for every authority of the chain. With a list that is missing or out of date, nobody below that authority can sign in. The gate reads the files again when they change.',
      example: 'card.crl'
    }),
    ocsp: flag({
      title: 'OCSP',
      description:
        "Ask the authority's OCSP responder about each certificate at sign-in. Without an answer, nobody can sign in.",
      default: false,
      example: true
    }),
    name: choice(['san.email', 'san.upn', 'san.dns', 'subject.cn', 'subject.uid', 'subject.email'], {
      title: 'Name',
      description:
        'The part of the certificate with the user name. It is who the person is, so that a renewed certificate opens the same account: the authority must not give it to anybody else.',
      default: 'san.email',
      example: 'subject.cn'
    }),
    mfa: flag({
      title: 'Counts as a second factor',
      description:
        'Whether the certificate alone counts as two factors, such as a smart card with a PIN. A rule with `factors` always means the factors of the gate.',
      default: false,
      example: true
    }),
    refresh: duration(
      {
        title: 'Refresh',
        description:
          'A person whose certificate is revoked loses access within this time, also on open sockets. With `ocsp`, the responder is asked about each certificate of a running session twice within it.',
        default: '5m',
        example: '1m'
      },
      5,
      86_400
    ),
    ...shared
  },
  { title: 'Client certificate', description: 'A certificate on a smart card or in the browser.' }
)
