/** Accounts and networks that must wait after wrong attempts. */
import { readReason } from '../../src/administration/person-input.ts'
import { Table } from '../../src/charts/table.tsx'
import { GateError } from '../../src/errors.ts'
import type { Account } from '../../src/identity/account.ts'
import { networkOf } from '../../src/throttle/attempt-buckets.ts'
import type { Lock } from '../../src/throttle/attempt-locks.ts'
import { type BucketKind, limits } from '../../src/throttle/limits.ts'
import { requireForm } from '../portal/forms.ts'
import { FormProblem, plain, Token } from '../portal/layout.tsx'
import { goTo, sendPage } from '../portal/page-context.ts'
import { formatDuration } from '../portal/relative-time.ts'
import { actingOf, type ConsoleFrame, type ConsolePage, consoleFrame, consolePage } from './console-page.ts'
import { Reason } from './fields.tsx'
import { base, Sheet } from './layout.tsx'
import type { ConsoleOptions } from './options.ts'
import type { PageScope } from './page-scope.ts'
import { pathOf } from './person.tsx'

interface WaitsView {
  readonly locks: readonly (Lock & { readonly account: Account | null })[]
  readonly total: number
  readonly now: number
}

const path = `${base}/waits`
const maxWaitsShown = 100

function WaitsPage({ frame, view }: { frame: ConsoleFrame; view: WaitsView }) {
  const say = frame.say.waits
  const mayEnd = frame.role === 'operator'
  return (
    <Sheet frame={frame} title={say.title} at="waits">
      <p>{view.total === 0 ? say.nobody : say.lead({ count: view.total })}</p>
      {view.locks.length > 0 && (
        <Table
          caption={say.title}
          columns={[say.who, say.what, say.failures, say.until, ...(mayEnd ? [say.end] : [])]}
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
              formatDuration((until - view.now) / 1000, frame.frame.say),
              ...(mayEnd ? [<EndLink frame={frame} lock={{ kind, key, account }} />] : [])
            ]
          }))}
        />
      )}
      {view.total > view.locks.length && <p>{say.more({ count: view.total - view.locks.length })}</p>}
    </Sheet>
  )
}

/** The address of the form and of its page, so that a form that came too late leads back to the same wait. */
const endPath = (kind: string, key: string) => `${path}/end?${new URLSearchParams({ kind, key })}`

/** An account's waits end on its own page. */
function EndLink(props: { frame: ConsoleFrame; lock: Pick<Lock, 'kind' | 'key'> & { account: Account | null } }) {
  const { frame, lock } = props
  const { kind, key, account } = lock
  const say = frame.say.waits
  const href = account === null ? endPath(kind, key) : pathOf(account.id, 'unlock')
  const whom = account?.displayName ?? networkOf(key) ?? say.somebody
  return (
    <a href={href} aria-label={plain(say.endNamed({ whom, what: say.kind[kind] }))}>
      {say.end}
    </a>
  )
}

interface EndWaitView {
  readonly kind: BucketKind
  readonly key: string
  readonly reason: string
  readonly problem: string | null
}

function EndWaitPage({ frame, view }: { frame: ConsoleFrame; view: EndWaitView }) {
  const { kind, key, reason, problem } = view
  const say = frame.say.action
  const words = say.unlockNetwork
  return (
    <Sheet frame={frame} title={words.title({ network: networkOf(key) ?? frame.say.waits.somebody })} at="waits" narrow>
      <p class="soft">{frame.say.waits.kind[kind]}</p>
      <p>{words.lead}</p>
      <form class="fields" method="post" action={endPath(kind, key)}>
        <Token frame={frame.frame} />
        <input type="hidden" name="kind" value={kind} />
        <input type="hidden" name="key" value={key} />
        <FormProblem text={problem} takesFocus />
        <Reason frame={frame} value={reason} reasons={words.reasons} hasProblem={problem !== null} />
        <button type="submit">{words.submit}</button>
      </form>
      <p>
        <a href={path}>{say.cancel}</a>
      </p>
    </Sheet>
  )
}

export function registerWaits(scope: PageScope, options: ConsoleOptions): void {
  scope.get(path, { config: { requires: 'console' } }, async request => {
    const page = consolePage(request)
    const { locks, total } = await options.locks.waiting(maxWaitsShown)
    const named = await Promise.all(
      locks.map(async lock => ({
        ...lock,
        account: lock.accountId === null ? null : await options.accounts.byId(lock.accountId)
      }))
    )
    const view = { locks: named, total, now: page.now }
    return sendPage(page, 200, <WaitsPage frame={consoleFrame(page)} view={view} />)
  })
  const kinds = Object.keys(limits) as BucketKind[]

  scope.get(`${path}/end`, { config: { requires: 'console' } }, async request => {
    const page = consolePage(request)
    const query = new URLSearchParams(page.request.exchange.target.query)
    return confirm(page, query.get('kind') ?? '', query.get('key') ?? '', '', null)
  })

  scope.post(`${path}/end`, { config: { requires: 'console' } }, async request => {
    const page = consolePage(request)
    const form = requireForm(page)
    const kind = kinds.find(one => one === form.field('kind'))
    const key = form.field('key')
    const reason = readReason(form.field('reason'))
    if ('rule' in reason) return confirm(page, kind ?? '', key, form.field('reason'), page.words.action.reasonMissing)
    if (kind === undefined || key.length > 200) throw new GateError('not_found')
    await options.actions.unlockNetwork(actingOf(page, reason.value), kind, key)
    return goTo(page, path)
  })

  function confirm(page: ConsolePage, kindName: string, key: string, reason: string, problem: string | null) {
    const kind = kinds.find(one => one === kindName)
    if (kind === undefined || key === '' || key.length > 200) throw new GateError('not_found')
    const view = { kind, key, reason, problem }
    return sendPage(page, problem === null ? 200 : 403, <EndWaitPage frame={consoleFrame(page)} view={view} />)
  }
}
