/** Accounts and networks that must wait after wrong attempts. */
import type { FastifyInstance } from 'fastify'
import type { Account } from '../../src/identity/account.ts'
import type { Lock } from '../../src/throttle/attempt-locks.ts'
import { sendPage } from '../portal/page-context.ts'
import { formatDuration } from '../portal/relative-time.ts'
import { type ConsoleFrame, consoleFrame, consolePage } from './console-page.ts'
import { base, Sheet, Table } from './layout.tsx'
import type { ConsoleOptions } from './options.ts'
import { pathOf } from './person.tsx'

export interface WaitsView {
  readonly locks: readonly (Lock & { readonly account: Account | null })[]
  readonly total: number
  readonly now: number
}

const shown = 100

export function WaitsPage({ frame, view }: { frame: ConsoleFrame; view: WaitsView }) {
  const say = frame.say.waits
  return (
    <Sheet frame={frame} title={say.title} at="waits">
      <p>{view.total === 0 ? say.nobody : say.lead({ count: view.total })}</p>
      {view.locks.length > 0 && (
        <Table
          caption={say.title}
          columns={[say.who, say.what, say.failures, say.until]}
          rows={view.locks.map(({ kind, key, account, failures, until }) => ({
            key: `${kind} ${key}`,
            cells: [
              account === null ? (
                <span class="figures">{networkOf(key) ?? say.somebody}</span>
              ) : (
                <a href={pathOf(account.id)}>
                  <bdi>{account.displayName}</bdi>
                </a>
              ),
              say.kind[kind],
              <span class="figures">{failures}</span>,
              formatDuration((until - view.now) / 1000, frame.frame.say)
            ]
          }))}
        />
      )}
      {view.total > view.locks.length && <p>{say.more({ count: view.total - view.locks.length })}</p>}
    </Sheet>
  )
}

/** The network in a key, after a name's slot if any; otherwise null. */
function networkOf(key: string): string | null {
  const text = key.slice(key.indexOf('@') + 1)
  return /[.:]/.test(text) ? text : null
}

export function registerWaits(scope: FastifyInstance, options: ConsoleOptions): void {
  scope.get(`${base}/waits`, { config: { requires: 'console' } }, async request => {
    const page = consolePage(request)
    const { locks, total } = await options.locks.waiting(shown)
    const named = await Promise.all(
      locks.map(async lock => ({
        ...lock,
        account: lock.accountId === null ? null : await options.accounts.byId(lock.accountId)
      }))
    )
    const view = { locks: named, total, now: page.now }
    return sendPage(page, 200, <WaitsPage frame={consoleFrame(page)} view={view} />)
  })
}
