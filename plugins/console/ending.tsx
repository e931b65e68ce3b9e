/** The form that ends one thing of a person, such as a token or a login at an app. */
import type { FastifyReply } from 'fastify'
import type { ComponentChildren } from 'preact'
import { type Acting, type ActionOutcome, type Seen, versionOf } from '../../src/administration/operator-actions.ts'
import { readReason } from '../../src/administration/person-input.ts'
import { mayDo } from '../../src/administration/roles.ts'
import { GateError } from '../../src/errors.ts'
import type { Account } from '../../src/identity/account.ts'
import { type Form, requireForm } from '../portal/forms.ts'
import { FormProblem, Said, Token } from '../portal/layout.tsx'
import { goTo, sendPage } from '../portal/page-context.ts'
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
import type { ConsoleMessages } from './messages/messages.ts'
import type { ConsoleOptions } from './options.ts'
import type { PageScope } from './page-scope.ts'

interface Ending<Thing> {
  /** The word in the note of the next page, and the last part of the path. */
  readonly name: 'token' | 'login'
  /** Carries the thing's id in query and form. */
  readonly field: string
  readonly words: (say: ConsoleMessages) => EndingWords
  /** Undefined if there is none. */
  find(accountId: string, id: string): Promise<Thing | undefined>
  /** What the form carries besides the id. */
  hidden?(thing: Thing): Readonly<Record<string, string>>
  facts(frame: ConsoleFrame, thing: Thing, now: number): ComponentChildren
  lead(say: ConsoleMessages, thing: Thing): string
  end(by: Acting, seen: Seen, id: string, form: Form): Promise<ActionOutcome<object>>
}

interface EndingWords {
  title(values: { name: string }): string
  readonly submit: string
  readonly reasons: Readonly<Record<string, string>>
  /** In place of the sentence for a changed account. */
  readonly changed?: string
}

interface View {
  readonly account: Account
  readonly title: string
  readonly facts: ComponentChildren
  readonly lead: string
  readonly hidden: Readonly<Record<string, string>>
  readonly words: EndingWords
  readonly action: string
  readonly reason: string
  readonly problem: string | null
}

/** The form after a refusal. */
interface Again {
  readonly problem?: string
  /** Its hidden fields stay as sent. */
  readonly form?: Form
  readonly reason?: string
}

function EndingPage({ frame, view }: { frame: ConsoleFrame; view: View }) {
  const { account, words, problem } = view
  const { action } = frame.say
  return (
    <Sheet frame={frame} title={view.title} at="people" narrow>
      <p class="soft">
        <Said text={action.who({ name: account.displayName, user: account.name })} />
      </p>
      {view.facts}
      <p>{view.lead}</p>
      <form class="fields" method="post" action={view.action}>
        <Token frame={frame.frame} />
        {Object.entries(view.hidden).map(([name, value]) => (
          <input key={name} type="hidden" name={name} value={value} />
        ))}
        <FormProblem text={problem} takesFocus />
        <Reason
          frame={frame}
          value={view.reason}
          reasons={words.reasons}
          isRead={false}
          hasProblem={problem !== null}
        />
        <button type="submit" class="ends">
          {words.submit}
        </button>
      </form>
      <p>
        <a href={`${base}/people/${account.id}`}>{action.cancel}</a>
      </p>
    </Sheet>
  )
}

/** The address of the form and of its page, so that a form that came too late leads back to the same thing; without an id, the route. */
export function endingPath({ name, field }: Pick<Ending<never>, 'name' | 'field'>, accountId: string, id?: string) {
  const path = `${base}/people/${accountId}/${name}`
  return id === undefined ? path : `${path}?${field}=${encodeURIComponent(id)}`
}

export function registerEnding<Thing>(scope: PageScope, { accounts }: ConsoleOptions, ending: Ending<Thing>): void {
  const { name, field } = ending
  const path = endingPath(ending, ':id')

  scope.get(path, { config: { requires: 'console' } }, async request => {
    const page = consolePage(request)
    const id = new URLSearchParams(page.request.exchange.target.query).get(field) ?? ''
    return show(page, await accountOf(page, accounts), id, 200)
  })

  scope.post(path, { config: { requires: 'console' } }, async request => {
    const page = consolePage(request)
    const form = requireForm(page)
    const account = await accountOf(page, accounts)
    const id = form.field(field)
    // So that it is still about the thing that the operator saw.
    const again = (problem: string) => show(page, account, id, 403, { problem, form })
    const reason = readReason(form.field('reason'))
    if ('rule' in reason) return again(page.words.action.reasonMissing)
    const seen: Seen = { id: account.id, version: form.field('version') }
    const outcome = await ending.end(actingOf(page, reason.value), seen, id, form)
    if (outcome.kind === 'refused') {
      if (outcome.why === 'gone') throw new GateError('not_found')
      const problem = page.words.action.refused[outcome.why]
      if (outcome.why !== 'changed') return again(problem)
      // Now about what is there.
      const { changed = problem } = ending.words(page.words)
      return show(page, await accountOf(page, accounts), id, 403, { problem: changed, reason: form.field('reason') })
    }
    noteDone(page, { action: name, id: account.id, name: account.displayName, ended: 0 })
    return goTo(page, `${base}/people/${account.id}`)
  })

  async function show(
    page: ConsolePage,
    account: Account,
    id: string,
    status: number,
    { problem, form, reason = form?.field('reason') ?? '' }: Again = {}
  ): Promise<FastifyReply> {
    if (!mayDo(page.role, 'revoke', account)) throw new GateError('not_allowed')
    const thing = await ending.find(account.id, id)
    if (thing === undefined) throw new GateError('not_found')
    const frame = consoleFrame(page)
    const words = ending.words(frame.say)
    const fresh: Record<string, string> = { version: versionOf(account), [field]: id, ...ending.hidden?.(thing) }
    const hidden = Object.fromEntries(Object.entries(fresh).map(([key, value]) => [key, form?.field(key) ?? value]))
    const view: View = {
      account,
      title: words.title({ name: account.displayName }),
      facts: ending.facts(frame, thing, page.now),
      lead: ending.lead(frame.say, thing),
      hidden,
      words,
      action: endingPath(ending, account.id, id),
      reason,
      problem: problem ?? null
    }
    return sendPage(page, status, <EndingPage frame={frame} view={view} />)
  }
}
