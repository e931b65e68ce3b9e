/** The schema of `session` and `factors`, the keys about people. */
import type { FactorKind } from '../../src/factor/kinds.ts'
import { choice, derived, duration, map, text, whole } from './schema-builders.ts'

const day = 86_400

export const session = map(
  {
    idle: duration(
      {
        title: 'Idle limit',
        description:
          'A session ends when nothing was asked for this long. NIST SP 800-63B-4 recommends at most 1h at AAL2.',
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
          'A session ends this long after sign-in, whatever happens; open sockets and downloads with it. NIST SP 800-63B-4 recommends at most 24h at AAL2.',
        default: '24h',
        example: '12h'
      },
      60,
      365 * day
    ),
    maxPerUser: whole(
      {
        title: 'Sessions a person',
        description: 'One sign-in more ends the oldest.',
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
      description: "How this place is called in people's authenticator apps.",
      example: 'Example Lab'
    }),
    algorithm: choice(['SHA1', 'SHA256', 'SHA512'], {
      title: 'Algorithm',
      description: 'Many authenticator apps know SHA1 alone and ignore what they are told; it is sound here.',
      default: 'SHA1',
      example: 'SHA256'
    }),
    digits: choice([6, 7, 8], { title: 'Digits', description: 'Length of a code.', default: 6, example: 8 }),
    period: whole(
      {
        title: 'Period',
        description: 'Seconds that a code stands (RFC 6238 §5.2 recommends 30).',
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
          'How many periods a clock may be wrong, either way. RFC 6238 §5.2 recommends one at most, and more is refused.',
        default: 1,
        example: 0
      },
      { 'x-instead': 'must be 0 or 1: RFC 6238 §5.2 allows one period of delay at most' }
    )
  },
  {
    title: 'TOTP',
    description: 'Codes from an authenticator app (RFC 6238). A change holds for codes enrolled afterwards.',
    default: {}
  }
)

const webauthn = map(
  {
    userVerification: choice(['required', 'preferred', 'discouraged'], {
      title: 'User verification',
      description:
        'Whether the device itself must ask for a PIN, finger or face. A passkey as the whole sign-in needs it whatever stands here.',
      default: 'required',
      example: 'preferred'
    }),
    attestation: choice(['none', 'direct', 'enterprise'], {
      title: 'Attestation',
      description:
        'Whether to ask at enrolment which make of device it is. `none` asks nothing and is right for most. `direct` records the make the device claims, ' +
        'for its name on the account page, and does not judge it: a certificate of anybody’s own making is as good as none, so this keeps no ' +
        'make of device out. `enterprise` likewise.',
      default: 'none',
      example: 'direct'
    })
  },
  { title: 'WebAuthn', description: 'Passkeys and security keys.', default: {} }
)

const recoveryCodes = map(
  { count: whole({ title: 'Count', description: 'Codes in a set.', default: 10, example: 8 }, 4, 50) },
  {
    title: 'Recovery codes',
    description: 'Codes to print and keep, each good for one sign-in when everything else is lost.',
    default: {}
  }
)

const { recovery, ...byKind } = { totp, webauthn, recovery: recoveryCodes } satisfies Record<FactorKind, unknown>

export const factors = map(
  { ...byKind, recoveryCodes: recovery },
  { title: 'Second factors', description: 'How each second factor behaves.', default: {} }
)

export const within = text(
  'duration',
  {
    title: 'Freshness',
    description: 'With `access: mfa`: how old the newest proof may be; older ones are asked for again.',
    example: '5m'
  },
  { 'x-least': 10, 'x-most': 365 * day }
)
