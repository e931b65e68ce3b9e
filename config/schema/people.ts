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

const webauthn = map(
  {
    userVerification: choice(['required', 'preferred', 'discouraged'], {
      title: 'User verification',
      description:
        'Whether the device must ask for a PIN, a finger or a face. To sign in with a passkey alone always needs it.',
      default: 'required',
      example: 'preferred'
    }),
    attestation: choice(['none', 'direct', 'enterprise'], {
      title: 'Attestation',
      description:
        'Whether the gate asks at enrolment which model a device is. `none` does not ask and is right for most labs. `direct` and `enterprise` use the model that the device claims ' +
        'for its name on the account page. The gate does not verify the claim, so this key cannot exclude a model.',
      default: 'none',
      example: 'direct'
    })
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
