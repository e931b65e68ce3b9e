/**
 * The end of a set-up: after the first factor the question for a second one, asked once, and a page that says what the person has now.
 * Without the sealed cookie of a set-up, people go on at once.
 */
import type { FastifyInstance } from 'fastify'
import type { Credential } from '../../src/factor/credential.ts'
import { home, wayOn } from './enter.ts'
import { type Frame, Page, Said } from './layout.tsx'
import {
  type AuthenticatedContext,
  callerOf,
  goTo,
  sendPage,
  signedPage,
  frameOf as usualFrameOf
} from './page-context.ts'
import { type ReturnTo, withReturnTo } from './return-to.ts'
import { dropSealed, keepSealed, readSealed } from './sealed-cookie.ts'

const secondPath = '/.factorgate/enrol/second'
const donePath = '/.factorgate/enrol/done'

export function SecondPage({ frame, view }: { frame: Frame; view: { returnTo: ReturnTo; name: string } }) {
  const say = frame.say.setUp
  return (
    <Page frame={frame} title={say.oneTitle} drawing="key">
      <p>
        <Said text={say.one({ name: view.name })} />
      </p>
      <p>{say.oneNow}</p>
      <a class="button" href={withReturnTo('/.factorgate/enrol', view.returnTo)}>
        {say.add}
      </a>
      <a class="button second" href={withReturnTo(donePath, view.returnTo)}>
        {say.later}
      </a>
    </Page>
  )
}

interface DoneView {
  readonly returnTo: ReturnTo
  /** The app on whose way the person is. */
  readonly app: string | null
  readonly factors: readonly string[]
  readonly hasCodes: boolean
}

export function DonePage({ frame, view }: { frame: Frame; view: DoneView }) {
  const say = frame.say.setUp
  const { returnTo, app, factors, hasCodes } = view
  const onward = app === null ? frame.say.handOver.goOn : say.open({ app })
  return (
    <Page frame={frame} title={say.title} drawing="open">
      <p>{say.what}</p>
      <ul class="list">
        {factors.map(name => (
          <li key={name}>
            <b>
              <Said text={`\u2068${name}\u2069`} />
            </b>
          </li>
        ))}
        {hasCodes && <li>{say.codes}</li>}
      </ul>
      {returnTo.rd === null ? (
        <a class="button" href={home}>
          {say.home}
        </a>
      ) : (
        <a class="button" href={withReturnTo('/.factorgate/challenge', returnTo)}>
          <Said text={onward} />
        </a>
      )}
      <p class="soft">{say.change}</p>
    </Page>
  )
}

/** `begun`: there is a first factor. `asked`: the person has seen the question for a second one. */
type SetUp = 'begun' | 'asked'

export function beginSetUp(page: AuthenticatedContext): void {
  keepSealed(page, 'setUp', 'begun' satisfies SetUp)
}

function setUpOf(page: AuthenticatedContext): SetUp | null {
  return readSealed<SetUp>(page, 'setUp')
}

/** Adds the second factor that the question was about. */
export function isAddingSecond(page: AuthenticatedContext): boolean {
  return setUpOf(page) === 'asked'
}

/** The address after the recovery codes are saved. */
export async function afterCodes(page: AuthenticatedContext): Promise<string> {
  return setUpOf(page) === 'begun' ? secondAddress(page) : wayOn(page)
}

/** It leads to the end if there is a second factor already. */
export function secondAddress({ returnTo }: AuthenticatedContext): string {
  return withReturnTo(secondPath, returnTo)
}

/** Without links to other places, while the set-up goes on. */
function frameOf(page: AuthenticatedContext): Frame {
  const frame = usualFrameOf(page)
  return { ...frame, person: frame.person && { ...frame.person, isHalf: true } }
}

export function registerSetUp(scope: FastifyInstance): void {
  const { services, signIn } = scope.portal
  const config = { requires: 'signed-in', isStep: true } as const

  const usable = async ({ principal }: AuthenticatedContext): Promise<Credential[]> =>
    (await services.credentials.list(principal.account.id)).filter(one => signIn.factors.isUsable(one))

  scope.get(secondPath, { config }, async request => {
    const page = signedPage(request)
    if (setUpOf(page) === null) return goTo(page, await wayOn(page))
    const [only, ...others] = await usable(page)
    if (only === undefined || others.length > 0) return goTo(page, withReturnTo(donePath, page.returnTo))
    keepSealed(page, 'setUp', 'asked' satisfies SetUp)
    const view = { returnTo: page.returnTo, name: only.name }
    return sendPage(page, 200, <SecondPage frame={frameOf(page)} view={view} />)
  })

  scope.get(donePath, { config }, async request => {
    const page = signedPage(request)
    dropSealed(page, 'setUp')
    const { returnTo, principal } = page
    const view = {
      returnTo,
      app: signIn.nextStep.requirement(callerOf(page), principal)?.app.title ?? null,
      factors: (await usable(page)).map(({ name }) => name),
      hasCodes: await signIn.recovery.hasCodes(principal.account.id)
    }
    return sendPage(page, 200, <DonePage frame={usualFrameOf(page)} view={view} />)
  })
}
