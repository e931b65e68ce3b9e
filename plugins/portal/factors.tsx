/** The pages that rename and remove a factor. src/sign-in/factor-change.ts decides; removal takes a fresh proof. */
import type { FastifyInstance } from 'fastify'
import { GateError } from '../../src/errors.ts'
import type { Credential } from '../../src/factor/credential.ts'
import { showAccount } from './account.tsx'
import { cleanName } from './enrol.tsx'
import { setFlash } from './flash.ts'
import { requireForm } from './forms.ts'
import { type Frame, Page, Said, Token } from './layout.tsx'
import { type AuthenticatedContext, callerOf, frameOf, goTo, sendPage, signedPage } from './page-context.ts'

interface RemoveView {
  readonly id: string
  readonly name: string
  readonly isLast: boolean
}

export function RemovePage({ frame, view }: { frame: Frame; view: RemoveView }) {
  const say = frame.say.remove
  return (
    <Page frame={frame} title={say.title({ name: view.name })} drawing="key">
      <p>{view.isLast ? say.last : say.lead}</p>
      {view.isLast ? (
        <a class="button" href="/.factorgate/enrol">
          {frame.say.enrol.title}
        </a>
      ) : (
        <form method="post" action={`/.factorgate/account/factors/${view.id}/remove`}>
          <Token frame={frame} />
          <button type="submit" class="grave">
            <Said text={frame.say.account.removeNamed({ name: view.name })} />
          </button>
        </form>
      )}
      <p>
        <a href="/.factorgate/account">{say.keep}</a>
      </p>
    </Page>
  )
}

export function registerFactors(scope: FastifyInstance): void {
  const { credentials } = scope.portal.services
  const { factorChange } = scope.portal.signIn
  const removePath = '/.factorgate/account/factors/:id/remove'

  scope.post('/.factorgate/account/factors/:id/rename', { config: { requires: 'signed-in' } }, async request => {
    const page = signedPage(request)
    const name = cleanName(requireForm(page).field('name'))
    const { id } = await own(page)
    if (name === null) return showAccount(page, 403, page.say.account.nameProblem)
    await factorChange.rename(callerOf(page), id, name)
    setFlash(page, { kind: 'renamed', name })
    return goTo(page, '/.factorgate/account')
  })

  scope.get(removePath, { config: { requires: 'fresh' } }, async request => {
    const page = signedPage(request)
    const { id, name } = await own(page)
    const view = { id, name, isLast: await isLast(page, id) }
    return sendPage(page, 200, <RemovePage frame={frameOf(page)} view={view} />)
  })

  scope.post(removePath, { config: { requires: 'fresh' } }, async request => {
    const page = signedPage(request)
    requireForm(page)
    const { id } = request.params as { id: string }
    const answer = await factorChange.remove(callerOf(page), id)
    if (answer.kind === 'denied') throw new GateError(answer.code, answer)
    if (answer.kind === 'removed') setFlash(page, { kind: 'removed', name: answer.credential.name })
    return goTo(page, '/.factorgate/account')
  })

  /** Other people's credentials count as missing. */
  async function own(page: AuthenticatedContext): Promise<Credential> {
    const { id } = page.request.params as { id: string }
    const credential = await credentials.get(page.principal.account.id, id)
    if (credential === null) throw new GateError('not_found')
    return credential
  }

  /** True for the last usable factor, without recovery codes. The page does not offer its removal. */
  async function isLast(page: AuthenticatedContext, id: string): Promise<boolean> {
    const all = await credentials.list(page.principal.account.id)
    return !all.some(credential => credential.id !== id && page.portal.signIn.factors.isUsable(credential))
  }
}
