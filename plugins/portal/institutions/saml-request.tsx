/** The page that sends a SAML request by a form, for identity providers that take no redirect. It sends itself, and has a button for browsers without scripts. */
import { type Frame, Page } from '../layout.tsx'

interface RequestView {
  /** Title of the institution. */
  readonly title: string
  /** The provider's address. */
  readonly action: string
  /** In base64. */
  readonly message: string
  readonly relayState: string
  /** False for a page that is only looked at. */
  readonly sendsItself: boolean
}

export function RequestPage({ frame, view }: { frame: Frame; view: RequestView }) {
  const say = frame.say.samlRequest
  return (
    <Page frame={frame} title={say.title} subtitle={view.title} drawing="ajar">
      <p>{say.how}</p>
      <form class="fields" method="post" action={view.action} data-send={view.sendsItself ? '' : undefined}>
        <input type="hidden" name="SAMLRequest" value={view.message} />
        <input type="hidden" name="RelayState" value={view.relayState} />
        <button type="submit">{say.go}</button>
      </form>
    </Page>
  )
}
