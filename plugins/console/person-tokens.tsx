/** A person's tokens for programs in the console: the list on the person's page, and the form that revokes one. */
import type { ListedToken } from '../../src/programs/program-tokens.ts'
import { Said } from '../portal/layout.tsx'
import { formatRelative } from '../portal/relative-time.ts'
import { formatBytes } from './amounts.ts'
import type { ConsoleFrame } from './console-page.ts'
import { endingPath, registerEnding } from './ending.tsx'
import type { ConsoleOptions } from './options.ts'
import type { PageScope } from './page-scope.ts'

const address = { name: 'token', field: 'token' } as const

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
                <a class="ends" href={endingPath(address, each.token.accountId, each.token.id)}>
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

export function registerTokens(scope: PageScope, options: ConsoleOptions): void {
  const { tokens, actions } = options
  registerEnding<ListedToken>(scope, options, {
    ...address,
    words: ({ tokens: { revokeTitle, submit, reasons } }) => ({ title: revokeTitle, submit, reasons }),
    find: async (accountId, id) => (await tokens.list(accountId)).find(({ token }) => token.id === id),
    facts: (frame, each, now) => <TokenFacts frame={frame} each={each} now={now} />,
    lead: ({ tokens: say }) => say.lead,
    end: (by, seen, id) => actions.revokeToken(by, seen, id)
  })
}
