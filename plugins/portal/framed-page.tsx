/**
 * The pages that appear in a frame in place of the gate's own: what happened, and links out of the frame. They have no form and no script,
 * and their links open in the whole window or a new tab (FIELD F8).
 */
import { describeError, type ErrorCode } from '../../src/errors.ts'
import { type ErrorContext, factsOf, whyUnsent } from './error-context.ts'
import { errorFrame, errorSentences, Told, WhomToAsk } from './error-page.tsx'
import { type Frame, FramedSheet, Said, toHtml } from './layout.tsx'
import { type Messages, said } from './messages/messages.ts'
import type { Branding } from './options.ts'

type FramedWhat = keyof Messages['framed']['pages']

export function framedWhat(path: string): FramedWhat {
  if (path === '/login') return 'signIn'
  if (path.startsWith('/challenge')) return 'confirm'
  if (path.startsWith('/kept/')) return 'kept'
  return path === '/callback' ? 'late' : 'ours'
}

/** One link for the whole window, and one for frames that may not change it. */
function WayOut({ frame, address, label }: { frame: Frame; address: string; label: string }) {
  return (
    <>
      <a class="button" href={address} target="_top">
        {label}
      </a>
      <p class="soft">
        <a href={address} target="_blank" rel="noopener">
          {frame.say.framed.tab}
        </a>
      </p>
    </>
  )
}

/** What surrounds the frame may hold more that is not saved, so a new tab comes first. */
function WayAside({ frame, address }: { frame: Frame; address: string }) {
  return (
    <>
      <a class="button" href={address} target="_blank" rel="noopener">
        {frame.say.framed.aside}
      </a>
      <p class="soft">
        <a href={address} target="_top">
          {frame.say.framed.whole}
        </a>
      </p>
    </>
  )
}

function FramedPage({ frame, what, address }: { frame: Frame; what: FramedWhat; address: string }) {
  const say = frame.say.framed
  const { title, why } = say.pages[what]
  return (
    <FramedSheet frame={frame} title={title}>
      <p>{why}</p>
      {what === 'kept' ? (
        <WayAside frame={frame} address={address} />
      ) : (
        <WayOut frame={frame} address={address} label={say.whole} />
      )}
    </FramedSheet>
  )
}

interface FramedErrorProps {
  frame: Frame
  code: ErrorCode
  context: ErrorContext
  address: string
}

/** In place of a refusal. Its link opens the whole page. */
function FramedErrorPage({ frame, code, context, address }: FramedErrorProps) {
  const say = frame.say.error
  const sentences = errorSentences(code, context, frame.say)
  const { unsent } = context
  const isTriedAgain = describeError(code).status >= 500 && context.again != null
  return (
    <FramedSheet frame={frame} title={sentences.title}>
      <Told sentences={sentences} say={frame.say} />
      {isTriedAgain && (
        <a class="button second" href={context.again ?? ''}>
          {say.again}
        </a>
      )}
      {unsent && (
        <a class="button" href={unsent.href} target="_blank" rel="noopener">
          <Said text={said(say.unsentAction[whyUnsent(code, unsent.isForeign)], factsOf(context, frame.say))} />
        </a>
      )}
      {!unsent && <WayOut frame={frame} address={address} label={frame.say.framed.open} />}
      <WhomToAsk say={say} context={context} />
    </FramedSheet>
  )
}

export function renderFramed(what: FramedWhat, address: string, look: Branding, say?: Messages): string {
  return toHtml(<FramedPage frame={errorFrame(look, say, '')} what={what} address={address} />)
}

export function renderFramedError(code: ErrorCode, context: ErrorContext, address: string): string {
  const frame = errorFrame(context, context.say, context.portalOrigin)
  return toHtml(<FramedErrorPage frame={frame} code={code} context={context} address={address} />)
}
