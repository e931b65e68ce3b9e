/** The page of the posture: what is set, who stays in during a lockdown, and the form that sets it. */
import type { FastifyReply } from 'fastify'
import { readReason } from '../../src/administration/person-input.ts'
import type { PostureActions } from '../../src/administration/posture-actions.ts'
import type { WhoStaysIn } from '../../src/administration/who-stays-in.ts'
import { Table } from '../../src/charts/table.tsx'
import { utcMinute } from '../../src/messages/utc-minute.ts'
import { DialError } from '../../src/posture/dial-record.ts'
import { type Dial, type PostureLevel, postureLevels, settingAt } from '../../src/posture/posture.ts'
import { type Form, requireForm } from '../portal/forms.ts'
import { FormProblem, Notice, Said, Token } from '../portal/layout.tsx'
import { sendPage } from '../portal/page-context.ts'
import { formatDuration } from '../portal/relative-time.ts'
import { actingOf, type ConsoleFrame, type ConsolePage, consoleFrame, consolePage } from './console-page.ts'
import { Reason } from './fields.tsx'
import { base, Sheet } from './layout.tsx'
import type { ConsoleOptions } from './options.ts'
import type { PageScope } from './page-scope.ts'
import { pathOf } from './person.tsx'

const path = `${base}/posture`
const peopleShown = 50
/** Seconds; null for no end. */
const lasts = { '1h': 3600, '2h': 7200, '8h': 28_800, '1d': 86_400, '7d': 604_800, none: null } as const
type Last = keyof typeof lasts

interface PostureView {
  readonly terms: PostureActions['terms']
  readonly apps: PostureActions['apps']
  /** Null if nobody knows. */
  readonly dial: Dial | null
  readonly level: (app: string | null) => PostureLevel
  readonly stays: WhoStaysIn
  /** True if the viewer's own account stays in. */
  readonly isIn: boolean
  readonly typed: { readonly level: string; readonly app: string; readonly last: string; readonly reason: string }
  readonly now: number
  readonly done: string | null
  readonly problem: string | null
}

function PosturePage({ frame, view }: { frame: ConsoleFrame; view: PostureView }) {
  const say = frame.say.posture
  const { terms, problem, done } = view
  const reporting = view.apps.filter(({ isReportOnly }) => isReportOnly).map(({ title }) => title)
  return (
    <Sheet frame={frame} title={say.title} at="posture">
      {done !== null && <Notice>{done}</Notice>}
      <p>{say.lead}</p>
      <WhatIsSet frame={frame} view={view} />
      <div class="sides">
        <section aria-labelledby="change">
          <h2 id="change">{say.change}</h2>
          <form class="fields" method="post" action={path}>
            <Token frame={frame.frame} />
            <FormProblem text={problem} takesFocus />
            <Choices frame={frame} view={view} />
            <Reason frame={frame} value={view.typed.reason} reasons={say.reasons} hasProblem={problem !== null} />
            {!view.isIn && (
              <label class="check">
                <input type="checkbox" name="self" value="yes" />
                <span>{say.youKnow}</span>
              </label>
            )}
            <button type="submit">{say.submit}</button>
          </form>
        </section>
        <div>
          <Stays frame={frame} view={view} />
          {reporting.length > 0 && (
            <p>
              <strong>{say.reports({ apps: reporting.join(', ') })}</strong>
            </p>
          )}
          <dl>
            {postureLevels.map(level => (
              <>
                <dt>{say.level[level]}</dt>
                <dd>{meaningOf(level, frame, terms)}</dd>
              </>
            ))}
          </dl>
          <p class="soft">{say.console}</p>
        </div>
      </div>
    </Sheet>
  )
}

function WhatIsSet({ frame: { say: words }, view }: { frame: ConsoleFrame; view: PostureView }) {
  const say = words.posture
  const { dial, now, apps, level } = view
  const places = dial === null ? [] : [null, ...Object.keys(dial.apps)]
  const rows = places.flatMap(app => {
    const own = dial === null ? null : app === null ? { ...dial, apps: {} } : { all: null, apps: dial.apps }
    const setting = own === null ? null : settingAt(own, app, now)
    return setting === null ? [] : [{ app, setting }]
  })
  return (
    <section aria-labelledby="now">
      <h2 id="now">{say.now}</h2>
      {dial === null ? (
        <Notice alert>{say.unknown}</Notice>
      ) : rows.length === 0 ? (
        <p>{say.nothing}</p>
      ) : (
        <Table
          caption={say.now}
          columns={[say.what, say.set, say.counts, say.until, say.by, say.why]}
          rows={rows.map(({ app, setting }) => ({
            key: app ?? '',
            cells: [
              titleOf(app, apps, say.all),
              <strong>{say.level[setting.level]}</strong>,
              say.level[level(app)],
              setting.until === null ? say.noEnd : utcMinute(setting.until),
              <bdi>{setting.by}</bdi>,
              <bdi>{setting.why}</bdi>
            ]
          }))}
        />
      )}
    </section>
  )
}

function Choices({ frame: { say: words }, view: { typed, apps } }: { frame: ConsoleFrame; view: PostureView }) {
  const say = words.posture
  const lists: readonly (readonly [string, string, readonly (readonly [string, string])[], string])[] = [
    ['level', say.to, postureLevels.map(level => [level, say.level[level]] as const), typed.level],
    ['app', say.app, [['', say.all] as const, ...apps.map(({ id, title }) => [id, title] as const)], typed.app],
    ['last', say.last, (Object.keys(lasts) as Last[]).map(last => [last, say.lasts[last]] as const), typed.last]
  ]
  return (
    <>
      {lists.map(([name, label, options, chosen]) => (
        <div key={name}>
          <label for={name}>{label}</label>
          <select id={name} name={name}>
            {options.map(([value, text]) => (
              <option key={value} value={value} selected={value === chosen}>
                {text}
              </option>
            ))}
          </select>
        </div>
      ))}
    </>
  )
}

function Stays({ frame, view: { stays, terms, isIn } }: { frame: ConsoleFrame; view: PostureView }) {
  const say = frame.say.posture
  const groups = terms.lockdown.groups.join(', ')
  return (
    <section aria-labelledby="stays">
      <h2 id="stays">{say.stays}</h2>
      <p>{say.staysLead({ groups, others: stays.others })}</p>
      {!isIn && (
        <p>
          <strong>{say.you}</strong>
        </p>
      )}
      {stays.people.length === 0 ? (
        <p>
          <strong>{say.nobody}</strong>
        </p>
      ) : (
        <ul class="list">
          {stays.people.slice(0, peopleShown).map(({ account, hasFactor }) => (
            <li key={account.id}>
              <a href={pathOf(account.id)}>
                <bdi>{account.displayName}</bdi>
              </a>{' '}
              <span class="soft">
                {account.name !== account.displayName && (
                  <>
                    <bdi>{account.name}</bdi>:{' '}
                  </>
                )}
                {hasFactor ? say.hasFactor : say.noFactor}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function meaningOf(level: PostureLevel, { frame, say }: ConsoleFrame, { elevated, lockdown }: PostureView['terms']) {
  const words = say.posture.means
  if (level === 'normal') return words.normal
  if (level === 'lockdown') return <Said text={words.lockdown({ groups: lockdown.groups.join(', ') })} />
  return words.elevated({
    factors: elevated.factors.map(kind => frame.say.factor.name[kind]).join(', '),
    within: formatDuration(elevated.withinSeconds, frame.say),
    percent: `${Math.round(elevated.factor * 100)} %`
  })
}

function titleOf(app: string | null, apps: PostureView['apps'], all: string): string {
  return app === null ? all : (apps.find(({ id }) => id === app)?.title ?? app)
}

export function registerPosture(scope: PageScope, options: ConsoleOptions): void {
  const { posture } = options

  scope.get(path, { config: { requires: 'console' } }, async request => show(consolePage(request), 200, {}))

  scope.post(path, { config: { requires: 'console' } }, async request => {
    const page = consolePage(request)
    const form = requireForm(page)
    const say = page.words.posture
    const again = (problem: string) => show(page, 403, { problem, form })
    const reason = readReason(form.field('reason'))
    const level = postureLevels.find(one => one === form.field('level'))
    const last = form.field('last')
    const app = form.field('app') === '' ? null : form.field('app')
    const isKnown = app === null || posture.apps.some(({ id }) => id === app)
    if (level === undefined || !Object.hasOwn(lasts, last) || !isKnown) return again(say.badField)
    if ('rule' in reason) return again(page.words.action.reasonMissing)
    if (level === 'lockdown' && !isIn(page) && form.field('self') !== 'yes') return again(say.youMust)
    const seconds = level === 'normal' ? null : lasts[last as Last]
    const until = seconds === null ? null : page.now + seconds * 1000
    try {
      const { now } = await posture.set(actingOf(page, reason.value), { level, app, until })
      const names = { app: titleOf(app, posture.apps, say.all), level: say.level[level], now: say.level[now] }
      return show(page, 200, { done: now === level ? say.done(names) : say.stricter(names) })
    } catch (error) {
      if (error instanceof DialError) return again(error.message)
      throw error
    }
  })

  function isIn({ principal }: ConsolePage): boolean {
    return principal.account.groups.some(group => posture.terms.lockdown.groups.includes(group))
  }

  async function show(
    page: ConsolePage,
    status: number,
    { problem = null, done = null, form }: { problem?: string | null; done?: string | null; form?: Form }
  ): Promise<FastifyReply> {
    const typed = (name: string, otherwise: string) => (form === undefined ? otherwise : form.field(name))
    const view: PostureView = {
      terms: posture.terms,
      apps: posture.apps,
      dial: posture.dial,
      level: app => posture.level(app),
      stays: await posture.whoStaysIn(),
      isIn: isIn(page),
      typed: {
        level: typed('level', posture.level(null)),
        app: typed('app', ''),
        last: typed('last', '2h'),
        reason: typed('reason', '')
      },
      now: page.now,
      done,
      problem
    }
    return sendPage(page, status, <PosturePage frame={consoleFrame(page)} view={view} />)
  }
}
