/** The stories of a lost password. */
import type { JSX } from 'preact'
import {
  ChoosePasswordPage,
  ForgottenPage,
  ForgottenSentPage,
  ResetPage,
  type ResetView
} from '../../plugins/portal/forgotten.tsx'
import type { Frame } from '../../plugins/portal/layout.tsx'

const returnTo = { rd: null, state: null }

export function forgottenStories<Story>(frame: Frame, story: (name: string, page: JSX.Element) => Story): Story[] {
  const reset = (kind: ResetView['kind']) => {
    const token = kind === 'good' ? 'T'.repeat(43) : null
    return <ResetPage frame={frame} view={{ returnTo, token, kind, problem: null }} />
  }
  return [
    story('forgotten', <ForgottenPage frame={frame} view={{ returnTo, username: '', problem: null }} />),
    story('forgotten-sent', <ForgottenSentPage frame={frame} />),
    story('reset', reset('good')),
    story('reset-elsewhere', reset('other_browser')),
    story('reset-gone', reset('gone')),
    story('choose-password', <ChoosePasswordPage frame={frame} view={{ name: 'ada', returnTo, problem: null }} />)
  ]
}
