/** The groups of notices for webhooks, as in the configuration. */

export const noticeGroups = {
  factor: ['factor-added', 'factor-removed', 'factors-reset', 'factor-disabled', 'recovery-used', 'recovery-issued'],
  token: ['token-issued'],
  password: ['password-changed', 'password-reset'],
  'sign-in': ['new-device'],
  refusals: ['refusals'],
  suspend: ['suspended', 'resumed'],
  sponsor: ['sponsor-asked', 'sponsor-approved', 'sponsor-declined'],
  certificate: ['certificate-ending'],
  watch: ['budget-passed', 'unusual-use', 'decoy-touched', 'app-changed', 'posture-set']
} as const
export type NoticeGroup = keyof typeof noticeGroups
export type GroupedKind = (typeof noticeGroups)[NoticeGroup][number]

/** Null for a kind without webhooks. */
export function groupOf(kind: string): NoticeGroup | null {
  for (const [group, kinds] of Object.entries(noticeGroups))
    if ((kinds as readonly string[]).includes(kind)) return group as NoticeGroup
  return null
}
