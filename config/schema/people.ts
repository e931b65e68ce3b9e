/** The schema of `session` and `factors`, the keys about people. */
import type { FactorKind } from '../../src/factor/kinds.ts'
import { choice, derived, duration, list, map, orNull, text, whole } from './schema-builders.ts'

const day = 86_400

export const session = map(
  {
    idle: duration(
      {
        title: 'Idle limit',
        description:
          'A session ends when there was no request for this long. NIST SP 800-63B-4 recommends at most 1h at AAL2.',
        default: '1h',
        example: '30m'
      },
      60,
      365 * day
    ),
    absolute: duration(
      {
        title: 'Absolute limit',
        description:
          'A session always ends this long after the sign-in, with its open sockets and downloads. NIST SP 800-63B-4 recommends at most 24h at AAL2.',
        default: '24h',
        example: '12h'
      },
      60,
      365 * day
    ),
    maxPerUser: whole(
      {
        title: 'Sessions per person',
        description:
          'How many sessions a person may have. One more sign-in ends the session that was used least recently.',
        default: 10,
        example: 3
      },
      1,
      1000
    )
  },
  { title: 'Sessions', description: 'How long a sign-in lasts.', default: {} }
)

const totp = map(
  {
    issuer: derived('line', '`portal.title`', {
      title: 'Issuer',
      description: "The name of the lab in people's authenticator apps.",
      example: 'Example Lab'
    }),
    algorithm: choice(['SHA1', 'SHA256', 'SHA512'], {
      title: 'Algorithm',
      description:
        'The hash algorithm. Many authenticator apps know only SHA1 and ignore this setting. SHA1 is safe for this purpose.',
      default: 'SHA1',
      example: 'SHA256'
    }),
    digits: choice([6, 7, 8], { title: 'Digits', description: 'Length of a code.', default: 6, example: 8 }),
    period: whole(
      {
        title: 'Period',
        description: 'How many seconds a code is valid (RFC 6238 §5.2 recommends 30).',
        default: 30,
        example: 60
      },
      15,
      120
    ),
    skew: choice(
      [0, 1],
      {
        title: 'Skew',
        description:
          'How many periods the clock of a phone may be wrong. RFC 6238 §5.2 recommends at most one, and more is not allowed.',
        default: 1,
        example: 0
      },
      { 'x-instead': 'must be 0 or 1: RFC 6238 §5.2 allows one period of delay at most' }
    )
  },
  {
    title: 'TOTP',
    description:
      'Codes from an authenticator app (RFC 6238). A change applies to authenticator apps that people add afterwards.',
    default: {}
  }
)

const model = text('aaguid', {
  title: 'AAGUID',
  description: 'The number of a model.',
  example: 'fa2b99dc-9e39-4257-8f92-4a30d23c4118'
})

const policy = map(
  {
    profile: orNull(
      choice(['aal3'], {
        title: 'Profile',
        description:
          '`aal3`: what NIST SP 800-63B-4 asks of an authenticator at AAL3. A maker in `trustAnchors` vouches for it, it cannot be copied to other devices (`syncedPasskeys: refuse`), and it verifies its user. List the models that keep their keys in hardware in `allow`.',
        example: 'aal3'
      })
    ),
    allow: orNull(
      list(
        model,
        {
          title: 'Models that are accepted',
          description:
            'No other model is. Without `trustAnchors` a model is only what the device says of itself, and anybody can write a program that says the same.',
          example: ['fa2b99dc-9e39-4257-8f92-4a30d23c4118']
        },
        { minItems: 1 }
      )
    ),
    deny: list(model, {
      title: 'Models that are refused',
      description: 'Without `trustAnchors` a device may say that it is another model.',
      default: [],
      example: ['fa2b99dc-9e39-4257-8f92-4a30d23c4118']
    }),
    trustAnchors: list(
      text('file', { title: 'File', description: 'PEM file with certificates.', example: 'yubico-roots.pem' }),
      {
        title: 'Trust anchors',
        description:
          'PEM files with the certificates of the makers that are trusted. Every passkey or security key then needs an attestation that leads to one of them; `attestation: direct` is the default then. Makers publish these certificates, and so does the FIDO Metadata Service. Revoked certificates are not looked up. The files are read again when they change.',
        default: [],
        example: ['yubico-roots.pem']
      }
    ),
    syncedPasskeys: choice(
      ['allow', 'refuse'],
      {
        title: 'Synced passkeys',
        description:
          'Passkeys of a password manager or of a telephone’s account, which can be copied to other devices (WebAuthn’s BE flag). `refuse` takes keys only that stay where they are.',
        example: 'refuse'
      },
      { 'x-derived': '`allow`; `refuse` with `profile: aal3`' }
    )
  },
  {
    title: 'Policy',
    description:
      'Which passkeys and security keys are accepted. It holds when one is enrolled and whenever one is used: one that does not fit any more stays in the account, opens nothing, and says why.'
  }
)

const webauthn = map(
  {
    userVerification: choice(['required', 'preferred', 'discouraged'], {
      title: 'User verification',
      description:
        'Whether the device must ask for a PIN, a finger or a face. To sign in with a passkey alone always needs it.',
      default: 'required',
      example: 'preferred'
    }),
    policy: orNull(policy),
    attestation: choice(
      ['none', 'direct', 'enterprise'],
      {
        title: 'Attestation',
        description:
          'Whether the gate asks at enrolment which model a device is. `none` does not ask and is right for most labs. `direct` and `enterprise` use the model that the device claims ' +
          'for its name on the account page. Without `trustAnchors` in `policy` the gate does not verify the claim, so this key cannot exclude a model.',
        example: 'direct'
      },
      { 'x-derived': '`none`; `direct` where `policy` has `trustAnchors`' }
    )
  },
  { title: 'WebAuthn', description: 'Passkeys and security keys.', default: {} }
)

const recoveryCodes = map(
  { count: whole({ title: 'Count', description: 'How many codes a person gets.', default: 10, example: 8 }, 4, 50) },
  {
    title: 'Recovery codes',
    description: 'Codes that people print and keep. Each works once, when other factors are lost.',
    default: {}
  }
)

const { recovery, ...byKind } = { totp, webauthn, recovery: recoveryCodes } satisfies Record<FactorKind, unknown>

export const factors = map(
  { ...byKind, recoveryCodes: recovery },
  { title: 'Second factors', description: 'Settings of each second factor.', default: {} }
)

export const within = text(
  'duration',
  {
    title: 'Freshness',
    description:
      'With `access: mfa`: the largest age of the newest proof. If it is older, the gate asks for a new one.',
    example: '5m'
  },
  { 'x-least': 10, 'x-most': 365 * day }
)
