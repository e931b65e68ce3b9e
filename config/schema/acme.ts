/** The schema of `listen.tls.acme`: the authority that the gate gets its certificates from. */
import { choice, flag, map, orNull, text } from './schema-builders.ts'

const eab = map(
  {
    kid: text('line', {
      title: 'Key id',
      description: 'The key id that the authority gives you.',
      example: 'kid-1'
    }),
    keyFile: text('file', {
      title: 'Key file',
      description: 'A file with the key that the authority gives you beside it, in base64url.',
      example: '/etc/factorgate/acme-eab.key'
    })
  },
  {
    title: 'Account at the authority',
    description: 'External account binding (RFC 8555 §7.3.4): some authorities issue only for accounts that they know.'
  }
)

export const acme = map(
  {
    directory: text('acmeDirectory', {
      title: 'Directory',
      description: 'The address of the authority’s ACME directory.',
      default: 'https://acme-v02.api.letsencrypt.org/directory',
      example: 'https://acme.lab.example/directory'
    }),
    email: orNull(
      text('mailAddress', {
        title: 'Mail address',
        description: 'Where the authority reaches the operators. Some authorities want one.',
        example: 'gate@lab.example'
      })
    ),
    agreeToTerms: orNull(
      flag({
        title: 'Agreement',
        description:
          'You have read the terms of the authority, and agree to them. The gate does not start without `true`.',
        example: true
      })
    ),
    challenge: choice(['http-01', 'tls-alpn-01'], {
      title: 'Proof',
      description:
        'How the gate proves that a host is its own. `http-01`: the authority asks port 80, so it needs `listen.http`. `tls-alpn-01`: the authority asks port 443 alone.',
      default: 'http-01',
      example: 'tls-alpn-01'
    }),
    profile: orNull(
      text('line', {
        title: 'Profile',
        description:
          'The kind of certificate, as the authority names it, such as `shortlived` for six days. If the authority does not offer it, the gate says so and orders the usual kind.',
        example: 'shortlived'
      })
    ),
    eab: orNull(eab),
    ca: orNull(
      text('file', {
        title: 'Authorities for the ACME server',
        description:
          'PEM file with the authorities that the gate trusts when it asks the ACME server. Without it, the gate trusts those that Node.js knows.',
        example: 'acme-ca.pem'
      })
    ),
    folder: orNull(
      text('file', {
        title: 'Folder for copies',
        description:
          'The gate also writes the account and each certificate with its key into this folder, and takes them from there if the store has none. Only the gate’s user can read them.',
        example: './var/acme'
      })
    )
  },
  {
    title: 'Certificates by ACME',
    description:
      'The gate gets a certificate for each host of the portal and the apps, and renews it in time (RFC 8555). See docs/certificates.md.'
  }
)
