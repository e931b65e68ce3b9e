/** A person's tokens for programs in the console: the list on the person's page, and the form that revokes one. */
import type { FastifyReply } from 'fastify'
import { type Seen, versionOf } from '../../src/administration/operator-actions.ts'
import { readReason } from '../../src/administration/person-input.ts'
import { mayDo } from '../../src/administration/roles.ts'
import { GateError } from '../../src/errors.ts'
import type { Account } from '../../src/identity/account.ts'
import type { ListedToken } from '../../src/programs/program-tokens.ts'
import { type Form, requireForm } from '../portal/forms.ts'
import { Notice, Said, Token } from '../portal/layout.tsx'
import { goTo, sendPage } from '../portal/page-context.ts'
import { formatRelative } from '../portal/relative-time.ts'
import { formatBytes } from './amounts.ts'
import {
  accountOf,
  actingOf,
  type ConsoleFrame,
  type ConsolePage,
  consoleFrame,
  consolePage,
  noteDone
} from './console-page.ts'
import { Reason } from './fields.tsx'
import { base, Sheet } from './layout.tsx'
import type { ConsoleOptions } from './options.ts'
import type { PageScope } from './page-scope.ts'

export const tokenPath = (accountId: string, tokenId?: string) =>
  `${base}/people/${accountId}/token${tokenId === undefined ? '' : `?token=${tokenId}`}`

interface SectionProps {
  readonly frame: ConsoleFrame
  readonly tokens: readonly ListedToken[]
  readonly mayRevoke: boolean
  readonly now: number
}

export function TokensSection({ frame, tokens, mayRevoke, now }: SectionProps) {
  const { say } = frame
  return (
    <section aria-labelledby="tokens">
      <h2 id="tokens">{say.tokens.title}</h2>
      <ul class="list">
        {tokens.map(each => (
          <li key={each.token.id}>
            <TokenFacts frame={frame} each={each} now={now} />
            {mayRevoke && (
              <p class="acts">
                <a class="ends" href={tokenPath(each.token.accountId, each.token.id)}>
                  {say.tokens.revoke}
                </a>
              </p>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}

interface FactsProps {
  readonly frame: ConsoleFrame
  readonly each: ListedToken
  readonly now: number
}

function TokenFacts({ frame: { frame, say }, each: { token, lastUse }, now }: FactsProps) {
  const words = frame.say
  const { app, expiresAt, paths, methods, networks, bytes } = token
  const date = words.formats.date(expiresAt)
  const when = lastUse === null ? '' : formatRelative(lastUse.at, now, words)
  const size = bytes === null ? [] : [formatBytes(bytes, words.entry.tag)]
  const limits = [...(methods ?? []), ...(paths ?? []), ...(networks ?? []), ...size]
  return (
    <>
      <p>
        <bdi>{token.name}</bdi> <code>{token.id}</code>
      </p>
      <p class="soft">
        <Said text={expiresAt > now ? say.tokens.until({ app, date }) : say.tokens.ended({ app, date })} />{' '}
        {lastUse === null ? say.tokens.unused : say.tokens.used({ when, address: lastUse.address })}
      </p>
      {limits.length > 0 && (
        <p class="soft">
          <code dir="ltr">{limits.join(' ')}</code>
        </p>
      )}
    </>
  )
}

export interface RevokeTokenView {
  readonly account: Account
  readonly version: string
  readonly listed: ListedToken
  readonly reason: string
  readonly now: number
  readonly problem: string | null
}

export function RevokeTokenPage({ frame, view }: { frame: ConsoleFrame; view: RevokeTokenView }) {
  const { account, listed, problem } = view
  const { tokens: say, action } = frame.say
  return (
    <Sheet frame={frame} title={say.revokeTitle({ name: account.displayName })} at="people" narrow>
      <p class="soft">
        <Said text={action.who({ name: account.displayName, user: account.name })} />
      </p>
      <TokenFacts frame={frame} each={listed} now={view.now} />
      <p>{say.lead}</p>
      <form class="fields" method="post" action={tokenPath(account.id)}>
        <Token frame={frame.frame} />
        <input type="hidden" name="version" value={view.version} />
        <input type="hidden" name="token" value={listed.token.id} />
        {problem !== null && (
          <Notice id="problem" alert>
            {problem}
          </Notice>
        )}
        <Reason frame={frame} value={view.reason} reasons={say.reasons} isRead={false} hasProblem={problem !== null} />
        <button type="submit" class="ends">
          {say.submit}
        </button>
      </form>
      <p>
        <a href={`${base}/people/${account.id}`}>{action.cancel}</a>
      </p>
    </Sheet>
  )
}

export function registerTokens(scope: PageScope, options: ConsoleOptions): void {
  const path = tokenPath(':id')

  scope.get(path, { config: { requires: 'console' } }, async request => {
    const page = consolePage(request)
    const id = new URLSearchParams(page.request.exchange.target.query).get('token') ?? ''
    return show(page, await accountOf(page, options.accounts), id, 200, null)
  })

  scope.post(path, { config: { requires: 'console' } }, async request => {
    const page = consolePage(request)
    const form = requireForm(page)
    const account = await accountOf(page, options.accounts)
    const id = form.field('token')
    const again = (problem: string) => show(page, account, id, 403, problem, form)
    const reason = readReason(form.field('reason'))
    if ('rule' in reason) return again(page.words.action.reasonMissing)
    const seen: Seen = { id: account.id, version: form.field('version') }
    const outcome = await options.actions.revokeToken(actingOf(page, reason.value), seen, id)
    if (outcome.kind === 'refused' && outcome.why === 'gone') throw new GateError('not_found')
    if (outcome.kind === 'refused') return again(page.words.action.refused[outcome.why])
    noteDone(page, { action: 'token', id: account.id, name: account.displayName, ended: 0 })
    return goTo(page, `${base}/people/${account.id}`)
  })

  async function show(
    page: ConsolePage,
    account: Account,
    tokenId: string,
    status: number,
    problem: string | null,
    form?: Form
  ): Promise<FastifyReply> {
    if (!mayDo(page.role, 'revoke', account)) throw new GateError('not_allowed')
    const listed = (await options.tokens.list(account.id)).find(({ token }) => token.id === tokenId)
    if (listed === undefined) throw new GateError('not_found')
    const view: RevokeTokenView = {
      account,
      version: form?.field('version') ?? versionOf(account),
      listed,
      reason: form?.field('reason') ?? '',
      now: page.now,
      problem
    }
    return sendPage(page, status, <RevokeTokenPage frame={consoleFrame(page)} view={view} />)
  }
}
