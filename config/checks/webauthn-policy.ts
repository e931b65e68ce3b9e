/** Checks of `factors.webauthn.policy`: keys that contradict each other, and models that nobody vouches for. */
import type { Diagnostics } from '../reading/diagnostics.ts'
import type { DraftConfig } from '../schema.ts'
import { checkAuthorities } from './certificates.ts'

const at = 'factors.webauthn.policy'

/** `now` in milliseconds, for certificates. */
export function checkWebauthnPolicy(config: DraftConfig, now: number, diagnostics: Diagnostics): void {
  const { webauthn } = config.factors ?? {}
  const { policy } = webauthn ?? {}
  if (policy == null) return
  const { allow, deny, trustAnchors, profile } = policy
  trustAnchors?.forEach((file, index) => {
    if (file !== undefined) checkAuthorities(file, `${at}.trustAnchors[${index}]`, now, diagnostics)
  })
  deny?.forEach((model, index) => {
    if (model !== undefined && allow?.includes(model))
      diagnostics.problem(`${at}.deny[${index}]`, `must not be in ${at}.allow too: ${model}`)
  })
  const hasAnchors = trustAnchors === undefined || trustAnchors.length > 0
  if (hasAnchors && webauthn?.attestation === 'none')
    diagnostics.problem(
      'factors.webauthn.attestation',
      `contradicts ${at}.trustAnchors, which needs what the device says of its make: write direct, or leave it out`
    )
  if (!hasAnchors && profile !== 'aal3')
    for (const key of ['allow', 'deny'] as const)
      if ((policy[key]?.length ?? 0) > 0)
        diagnostics.warning(
          `${at}.${key}`,
          'goes by what the device says of itself, which nobody vouches for: name the certificates of the makers in trustAnchors'
        )
  if (profile === 'aal3') checkAal3(config, hasAnchors, diagnostics)
}

/** NIST SP 800-63B-4 §2.3. */
function checkAal3({ factors, session, apps }: DraftConfig, hasAnchors: boolean, diagnostics: Diagnostics): void {
  const { policy, userVerification } = factors?.webauthn ?? {}
  if (!hasAnchors)
    diagnostics.problem(
      `${at}.profile`,
      `needs ${at}.trustAnchors beside it: the certificates of the makers that vouch for keys in hardware, as PEM files; without them a key is only what it says it is`
    )
  if (policy?.syncedPasskeys === 'allow')
    diagnostics.problem(`${at}.syncedPasskeys`, 'must be refuse with profile: aal3, whose keys cannot be copied')
  if (userVerification !== undefined && userVerification !== 'required')
    diagnostics.problem(
      'factors.webauthn.userVerification',
      'must be required with profile: aal3, whose keys ask for a PIN, finger or face'
    )
  if (policy?.allow === null)
    diagnostics.warning(
      `${at}.profile`,
      'takes every model of the makers in trustAnchors: list those that keep their keys in hardware in allow'
    )
  const others = apps?.flatMap((app, index) =>
    (app?.rules ?? []).flatMap((rule, place) =>
      rule?.access === 'mfa' && (rule.factors == null || rule.factors.some(factor => factor !== 'webauthn'))
        ? [`apps[${index}].rules[${place}]`]
        : []
    )
  )
  if (others?.[0] !== undefined)
    diagnostics.warning(
      `${at}.profile`,
      `holds for passkeys only: ${others[0]}${others.length > 1 ? ` and ${others.length - 1} more` : ''} takes other factors too; write factors: [webauthn] there`
    )
  // §2.3.3
  if ((session?.idle ?? 0) > 15 * 60 || (session?.absolute ?? 0) > 12 * 3600)
    diagnostics.warning(
      `${at}.profile`,
      'asks for shorter sessions: NIST SP 800-63B-4 recommends session: { idle: 15m, absolute: 12h } at AAL3'
    )
}
