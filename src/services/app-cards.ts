/** The apps of a person as the portal's pages show them. */
import type { AppCard } from '../../plugins/portal/index.ts'
import type { ReturnTargets } from '../apps/return-targets.ts'
import { operators } from '../identity/account.ts'
import type { Principal } from '../session/sessions.ts'
import type { Services } from './services.ts'

/** `address` is the client's. */
export function appCards(
  returnTargets: ReturnTargets,
  { appUse }: Pick<Services, 'appUse'>,
  principal: Principal,
  address: string
): Promise<AppCard[]> {
  const cards = returnTargets.appsFor(principal, address).map(async app => {
    const { id, title, description, section, maintenance, origin, prefix, tokens, isReportOnly = false } = app
    return {
      id,
      title,
      description,
      section: section ?? null,
      maintenance,
      url: `${origin}${prefix}/`,
      tokens: tokens ?? null,
      takesLogin: app.upstreamLogin != null,
      lastUsedAt: await appUse.last(principal.account.id, id),
      isReportOnly: isReportOnly && principal.account.groups.includes(operators)
    }
  })
  return Promise.all(cards)
}
