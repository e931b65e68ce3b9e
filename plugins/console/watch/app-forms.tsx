/** The forms about changed apps: approve a finding, announce a change, end it. Each asks for a reason. */
import { readReason } from '../../../src/administration/person-input.ts'
import type { AppActions } from '../../../src/administration/watch/app-actions.ts'
import { GateError } from '../../../src/errors.ts'
import { type Finding, maxFindings } from '../../../src/integrity/finding.ts'
import { requireForm } from '../../portal/forms.ts'
import { FormProblem, Said, Token } from '../../portal/layout.tsx'
import { goTo, sendPage } from '../../portal/page-context.ts'
import { formatLimit } from '../../portal/relative-time.ts'
import { actingOf, type ConsoleFrame, type ConsolePage, consoleFrame, consolePage } from '../console-page.ts'
import { Reason } from '../fields.tsx'
import { Sheet, watchPath } from '../layout.tsx'
import type { ConsoleOptions } from '../options.ts'
import type { PageScope } from '../page-scope.ts'

export const approvePath = `${watchPath}/approve`
export const changingPath = `${watchPath}/changing`

/** How long an announced change may take, in seconds. The form proposes the second. */
const times = [1800, 7200, 8 * 3600, 86_400, 7 * 86_400] as const

interface FormView {
  readonly app: string
  readonly reason: string
  readonly problem: string | null
}

interface ApproveView extends FormView {
  /** At least one. */
  readonly findings: readonly Finding[]
}

/** Separates ids of findings in the form. */
const separator = ','

function ApprovePage({ frame, view }: { frame: ConsoleFrame; view: ApproveView }) {
  const words = frame.say.watch.apps.approving
  const { app, findings, problem, reason } = view
  const fields = { app, finding: findings.map(({ id }) => id).join(separator) }
  return (
    <Sheet frame={frame} title={words.title({ app })} at="watch" narrow>
      {findings.map(({ id, why, items }) => (
        <div key={id}>
          <p>
            <Said text={why} />
          </p>
          <ul>
            {items.map(({ kind, value }) => (
              <li key={`${kind} ${value}`}>
                {kind}: <code>{value}</code>
              </li>
            ))}
          </ul>
        </div>
      ))}
      <p>{words.lead({ count: findings.length })}</p>
      <p>
        <strong>{words.undo}</strong>
      </p>
      <form class="fields" method="post" action={withQuery(approvePath, fields)}>
        <Hidden frame={frame} fields={fields} problem={problem} />
        <Reason frame={frame} value={reason} reasons={words.reasons} hasProblem={problem !== null} />
        <button type="submit">{words.submit}</button>
      </form>
      <Cancel frame={frame} />
    </Sheet>
  )
}

interface ChangingView extends FormView {
  /** It ends an announced change. */
  readonly isEnd: boolean
  readonly seconds: number
}

function ChangingPage({ frame, view }: { frame: ConsoleFrame; view: ChangingView }) {
  const { app, isEnd, seconds, problem, reason } = view
  const { announcing, ending } = frame.say.watch.apps
  const words = isEnd ? ending : announcing
  const fields = { app, ...(isEnd ? { end: '1' } : {}) }
  return (
    <Sheet frame={frame} title={words.title({ app })} at="watch" narrow>
      <p>{words.lead}</p>
      <form class="fields" method="post" action={withQuery(changingPath, fields)}>
        <Hidden frame={frame} fields={fields} problem={problem} />
        {!isEnd && (
          <div>
            <label for="seconds">{announcing.time}</label>
            <select id="seconds" name="seconds">
              {times.map(time => (
                <option key={time} value={time} selected={time === seconds}>
                  {formatLimit(time, frame.frame.say)}
                </option>
              ))}
            </select>
          </div>
        )}
        <Reason frame={frame} value={reason} reasons={words.reasons} hasProblem={problem !== null} />
        <button type="submit">{words.submit}</button>
      </form>
      <Cancel frame={frame} />
    </Sheet>
  )
}

/** A form that came too late leads back to the same page. */
function withQuery(path: string, fields: Readonly<Record<string, string>>): string {
  return `${path}?${new URLSearchParams(fields)}`
}

interface HiddenProps {
  frame: ConsoleFrame
  fields: Readonly<Record<string, string>>
  problem: string | null
}

function Hidden({ frame, fields, problem }: HiddenProps) {
  return (
    <>
      <Token frame={frame.frame} />
      {Object.entries(fields).map(([name, value]) => (
        <input key={name} type="hidden" name={name} value={value} />
      ))}
      <FormProblem text={problem} takesFocus />
    </>
  )
}

function Cancel({ frame }: { frame: ConsoleFrame }) {
  return (
    <p>
      <a href={`${watchPath}#apps`}>{frame.say.action.cancel}</a>
    </p>
  )
}

export function registerAppForms(scope: PageScope, { appChanges }: ConsoleOptions): void {
  const requires = { config: { requires: 'console' } } as const

  scope.get(approvePath, requires, async request => {
    const page = consolePage(request)
    const query = new URLSearchParams(page.request.exchange.target.query)
    const ids = query.get('all') === '1' ? null : (query.get('finding') ?? '').split(separator)
    return askToApprove(page, query.get('app') ?? '', ids, '', null)
  })

  scope.post(approvePath, requires, async request => {
    const page = consolePage(request)
    const form = requireForm(page)
    // The form names the findings that the operator has seen, and no later ones.
    const [app, ids] = [knownApp(appChanges, form.field('app')), form.field('finding').split(separator)]
    const reason = readReason(form.field('reason'))
    if ('rule' in reason) return askToApprove(page, app, ids, form.field('reason'), page.words.action.reasonMissing)
    for (const id of ids.slice(0, maxFindings)) await appChanges.approve(actingOf(page, reason.value), app, id)
    return goTo(page, `${watchPath}#apps`)
  })

  scope.get(changingPath, requires, async request => {
    const page = consolePage(request)
    const query = new URLSearchParams(page.request.exchange.target.query)
    const app = knownApp(appChanges, query.get('app') ?? '')
    return askToAnnounce(page, { app, isEnd: query.get('end') === '1', seconds: times[1], reason: '', problem: null })
  })

  scope.post(changingPath, requires, async request => {
    const page = consolePage(request)
    const form = requireForm(page)
    const app = knownApp(appChanges, form.field('app'))
    const isEnd = form.field('end') === '1'
    const seconds = times.find(time => String(time) === form.field('seconds')) ?? times[1]
    const reason = readReason(form.field('reason'))
    if ('rule' in reason) {
      const problem = page.words.action.reasonMissing
      return askToAnnounce(page, { app, isEnd, seconds, reason: form.field('reason'), problem })
    }
    await appChanges.announce(actingOf(page, reason.value), app, isEnd ? 0 : seconds)
    return goTo(page, `${watchPath}#apps`)
  })

  /** `ids`: null for all. If somebody else has approved them meanwhile, the answer leads back to the list. */
  async function askToApprove(
    page: ConsolePage,
    app: string,
    ids: readonly string[] | null,
    reason: string,
    problem: string | null
  ) {
    const open = (await appChanges.read()).find(state => state.app === app)?.findings ?? []
    const findings = open.filter(({ id }) => ids === null || ids.includes(id))
    if (findings.length === 0) return goTo(page, `${watchPath}#apps`)
    const view = { app, findings, reason, problem }
    return sendPage(page, problem === null ? 200 : 403, <ApprovePage frame={consoleFrame(page)} view={view} />)
  }

  function askToAnnounce(page: ConsolePage, view: ChangingView) {
    return sendPage(page, view.problem === null ? 200 : 403, <ChangingPage frame={consoleFrame(page)} view={view} />)
  }
}

function knownApp(appChanges: Pick<AppActions, 'has'>, app: string): string {
  if (!appChanges.has(app)) throw new GateError('not_found')
  return app
}
