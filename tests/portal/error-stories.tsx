/** The pages of refusals, of a person and of nobody. */

import type { JSX } from 'preact'
import type { ErrorContext } from '../../plugins/portal/error-context.ts'
import { ErrorPage } from '../../plugins/portal/error-page.tsx'
import type { Frame } from '../../plugins/portal/layout.tsx'
import { type ErrorCode, errorCodes } from '../../src/errors.ts'
import { reason } from '../../src/reasons/reason.ts'

/** `frame` is a person's. All pages of codes are one page with other words. */
/** What the watch says of somebody who fetches much, from elsewhere. */
export const watchReasons = [
  reason('bytes', { amount: 12_345_678_901, usual: 52_000_000, busy: 310_000_000 }),
  reason('newObjects', { amount: 4321, usual: 12, busy: 60 }),
  reason('device', { browser: 'Firefox', system: 'Linux', app: 'Notebooks' })
]

export function errorStories<Story>(frame: Frame, variant: (name: string, page: JSX.Element) => Story) {
  const context: ErrorContext = {
    ...frame.look,
    reference: 'pX3kQ9-a',
    portalOrigin: 'https://gate.lab.example',
    appTitle: 'Notebooks',
    retryAfterSeconds: 25,
    maintenance: {
      until: { text: '2026-03-13T18:00+01:00', at: Date.UTC(2026, 2, 13, 17), offsetMinutes: 60 },
      message: null
    },
    again: '/tree?path=2026',
    address: 'https://notebooks.lab.example/tree?path=2026',
    front: '/'
  }

  const errorFrame: Frame = { ...frame, look: { ...frame.look, contact: null }, base: 'https://gate.lab.example' }
  const error = (code: ErrorCode) => <ErrorPage frame={errorFrame} code={code} context={context} />

  return [
    variant(
      'form-unsent',
      <ErrorPage
        frame={errorFrame}
        code="sign_in_required"
        context={{ ...context, unsent: { href: 'https://gate.lab.example/.factorgate/login', isForeign: false } }}
      />
    ),
    variant(
      'form-unsent-foreign',
      <ErrorPage
        frame={errorFrame}
        code="sign_in_required"
        context={{ ...context, unsent: { href: 'https://notebooks.lab.example/', isForeign: true } }}
      />
    ),
    variant(
      'error-not-allowed-no-mail',
      <ErrorPage frame={errorFrame} code="not_allowed" context={{ ...context, contact: 'Room 3' }} />
    ),
    variant(
      'suspended-why',
      <ErrorPage
        frame={{ ...errorFrame, person: null }}
        code="account_suspended"
        context={{ ...context, words: [{ why: 'More than 5 GiB left with your account today.' }] }}
      />
    ),
    variant(
      'suspended-by-watch',
      <ErrorPage
        frame={{ ...errorFrame, person: null }}
        code="account_suspended"
        context={{ ...context, words: [{ why: 'In English.', reasons: watchReasons }] }}
      />
    ),
    ...errorCodes.map(code => ({ name: `error-${code}`, page: error(code), isOwnPage: code === 'not_allowed' }))
  ]
}
