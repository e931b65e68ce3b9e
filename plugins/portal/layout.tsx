/** The layout of every page, and the function that makes HTML from it. */
import type { ComponentChildren, JSX } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { logoPath, pageScript, pageSheet, tabIcon } from './assets.ts'
import { Door, type Drawing } from './drawing.tsx'
import type { Messages } from './messages/messages.ts'
import type { Branding } from './options.ts'
import { noReturn, type ReturnTo, withReturnTo } from './return-to.ts'

export interface Frame {
  readonly look: Branding
  readonly say: Messages
  /** `isHalf`: after the first factor alone. */
  readonly person: { readonly displayName: string; readonly isHalf?: boolean } | null
  /** Where somebody else goes after a sign-in from this page. */
  readonly returnTo?: ReturnTo
  /** It stands before links to the gate's pages: empty on the portal, its origin on the hosts of apps. */
  readonly base: string
  readonly csrf: string
  readonly isRetry?: boolean
  /** A form was not carried out, because it came without a fresh proof. */
  readonly isUndone?: boolean
  /** Where a choice of language returns to. Absent for a GET: the browser names that page itself. */
  readonly back?: string | undefined
  /** The gate serves nothing on the page's host, so the page brings its style sheet along and links only to other hosts. */
  readonly standsAlone?: boolean
}

interface PageProps {
  frame: Frame
  title: string
  drawing: Drawing
  subtitle?: string | undefined
  wide?: boolean
  children: ComponentChildren
}

/**
 * Without what HTML allows to leave out: slashes of void elements, the type of buttons, some tags. Text cannot contain such a tag, since
 * its `<` is escaped. Isolates in text become elements; in attributes they are left out.
 */
export function toHtml(page: JSX.Element): string {
  return `<!doctype html>${toFragment(page)}`
}

export function toFragment(part: JSX.Element): string {
  const html = renderToString(part)
    .replace(/<\/?head>|<\/body>/g, '')
    .replace(/(<(?:meta|link|input)(?:[^"<>/]|"[^"]*")*)\/>/g, '$1>')
    .replaceAll('<button type="submit"', '<button')
  if (!html.includes('\u2068')) return html
  return html.replace(tagOrIsolate, (part, name) => (name === undefined ? plain(part) : `<bdi>${name}</bdi>`))
}

/** A title, a tag, or an isolate between tags. */
const tagOrIsolate = /<title>[^<]*|<[^"<>]*(?:"[^"]*"[^"<>]*)*>|\u2068([^<\u2068\u2069]*)\u2069/g

/** A longer headline is set smaller. */
const maxHeadlineLength = 60

export function Page({ frame, title, subtitle, drawing, wide, children }: PageProps) {
  const { look, say } = frame
  const full = subtitle === undefined ? title : `${title} ${subtitle}`
  // Elsewhere the header has at most one link, which nobody needs to skip.
  const hasLinks = hasPersonLinks(frame)
  return (
    <html lang={say.entry.tag} dir={say.entry.direction === 'rtl' ? 'rtl' : undefined}>
      <DocumentHead look={look} title={full} standsAlone={frame.standsAlone}>
        {!frame.standsAlone && (
          <>
            <link rel="icon" href={tabIcon.path} />
            <script src={pageScript().path} defer />
          </>
        )}
      </DocumentHead>
      <body class={wide ? 'wide' : undefined}>
        {hasLinks && (
          <a class="skip" href="#main">
            {say.frame.skip}
          </a>
        )}
        <Masthead frame={frame} />
        <main id="main">
          <Door state={drawing} />
          <h1 class={full.length > maxHeadlineLength ? 'long' : undefined}>
            <Said text={title} />
            {subtitle !== undefined && ' '}
            {subtitle !== undefined && (
              <span dir="auto">
                <Said text={subtitle} />
              </span>
            )}
          </h1>
          {frame.isUndone && <FormProblem text={say.frame.undone} takesFocus />}
          {children}
        </main>
        <footer>
          {look.contact !== null && (
            <p>
              {say.frame.contact}{' '}
              <bdi>
                <Contact text={look.contact} />
              </bdi>
            </p>
          )}
          {!frame.standsAlone && (
            <a href={`/.factorgate/language${frame.back ? `?back=${encodeURIComponent(frame.back)}` : ''}`}>
              {say.frame.language}
            </a>
          )}
        </footer>
      </body>
    </html>
  )
}

/** `children`: what a kind of page needs besides. The encoding is in the answer's header, the colour schemes in the style sheet. */
export function DocumentHead({
  look,
  title,
  standsAlone,
  children
}: {
  look: Branding
  title: string
  standsAlone?: boolean | undefined
  children?: ComponentChildren
}) {
  const sheet = pageSheet(look.accent)
  return (
    <head>
      <meta name="viewport" content="width=device-width" />
      <title>{plain(`${title} · ${look.title}`)}</title>
      {standsAlone ? (
        <style dangerouslySetInnerHTML={{ __html: sheet.body }} />
      ) : (
        <link rel="stylesheet" href={sheet.path} />
      )}
      {children}
    </head>
  )
}

/** A page without header and script. */
export function FramedSheet({ frame, title, children }: Pick<PageProps, 'frame' | 'title' | 'children'>) {
  const { look, say } = frame
  return (
    <html lang={say.entry.tag} dir={say.entry.direction === 'rtl' ? 'rtl' : undefined}>
      <DocumentHead look={look} title={title} />
      <body class="framed">
        <main>
          <h1>
            <Said text={title} />
          </h1>
          {children}
        </main>
      </body>
    </html>
  )
}

function hasPersonLinks({ person }: Frame): boolean {
  return person !== null && !person.isHalf
}

/** The lab's logo or name, and the person's links and name, the first question on a shared computer. */
export function Masthead({ frame }: { frame: Frame }) {
  const { look, say, base, person, returnTo = noReturn } = frame
  const lab =
    look.logo == null || frame.standsAlone ? (
      look.title
    ) : (
      <img class="logo" src={logoPath(look.logo)} alt={look.title} />
    )
  const isSigned = hasPersonLinks(frame)
  return (
    <header>
      {isSigned ? (
        <a class="lab" href={`${base}/.factorgate/`} dir="auto">
          {lab}
        </a>
      ) : (
        <p class="lab" dir="auto">
          {lab}
        </p>
      )}
      {isSigned && <PersonLinks frame={frame} />}
      {person !== null && (
        <p class="who">
          <span class="name">
            <Said text={say.challenge.asWhom({ name: person.displayName })} />
          </span>{' '}
          <a href={base + withReturnTo('/.factorgate/login', returnTo, { switch: '1' })}>{say.challenge.notYou}</a>
        </p>
      )}
    </header>
  )
}

function PersonLinks({ frame: { say, base, csrf } }: { frame: Frame }) {
  return (
    <nav aria-label={say.frame.you}>
      <a href={`${base}/.factorgate/`}>{say.frame.apps}</a>
      <a href={`${base}/.factorgate/account`}>{say.frame.account}</a>
      {base === '' ? (
        <form method="post" action="/.factorgate/logout">
          <input type="hidden" name="csrf" value={csrf} />
          <button type="submit" class="plain">
            {say.frame.signOut}
          </button>
        </form>
      ) : (
        <a href={`${base}/.factorgate/logout`}>{say.frame.signOut}</a>
      )}
    </nav>
  )
}

/** Null for another kind of contact. */
export function mailAddressOf(contact: string | null): string | null {
  const address = contact?.replace(/^mailto:/i, '') ?? ''
  return /^[^\s@<>"]+@[^\s@<>"]+\.[^\s@<>"]+$/.test(address) ? address : null
}

export function Contact({ text }: { text: string }) {
  const address = mailAddressOf(text)
  if (address !== null) return <a href={`mailto:${address}`}>{address}</a>
  if (/^https:\/\/\S+$/.test(text)) return <a href={text}>{text.replace(/^https:\/\//, '')}</a>
  return <>{text}</>
}

export function Token({ frame }: { frame: Frame }) {
  return (
    <>
      <input type="hidden" name="csrf" value={frame.csrf} />
      {frame.isRetry && <input type="hidden" name="retry" value="1" />}
    </>
  )
}

interface NoticeProps {
  children: ComponentChildren
  id?: string
  /** Screen readers read it at once. */
  alert?: boolean
  /** Seconds until `ready` replaces the sentence. */
  waitSeconds?: number | null
  ready?: string
  /** Where no field takes the focus: the next press of Tab leads to the first one. */
  takesFocus?: boolean | undefined
}

/** Each name keeps its writing direction, and short words do not break at a hyphen. */
export function Said({ text }: { text: string }) {
  return (
    <>
      {text
        .split(/\u2068(.*?)\u2069/s)
        .map((part, at) =>
          at % 2 === 1 ? (
            <bdi key={part}>{part}</bdi>
          ) : (
            part
              .split(/\b(\p{L}{1,8}-\p{L}{1,8})\b/u)
              .map((word, of) => (of % 2 === 1 ? <span class="whole">{word}</span> : word))
          )
        )}
    </>
  )
}

/** A sentence without elements, for titles and labels. */
export function plain(text: string): string {
  return text.replace(/[\u2068\u2069]/g, '')
}

export function Reasons({ lines }: { lines: readonly string[] }) {
  return (
    <ul class="reasons">
      {lines.map(line => (
        <li key={line}>
          <Said text={line} />
        </li>
      ))}
    </ul>
  )
}

export function Notice({ children, id, alert, waitSeconds, ready, takesFocus }: NoticeProps) {
  return (
    <p
      class={alert ? 'notice alert' : 'notice'}
      id={id}
      role={alert ? 'alert' : 'status'}
      data-wait={waitSeconds ?? undefined}
      data-ready={waitSeconds == null ? undefined : ready}
      tabIndex={takesFocus ? -1 : undefined}
      autofocus={takesFocus}
    >
      {typeof children === 'string' ? <Said text={children} /> : children}
    </p>
  )
}

/** Its fields name it: `aria-describedby="problem"`. */
export function FormProblem({ text, takesFocus }: { text: string | null } & Pick<NoticeProps, 'takesFocus'>) {
  if (text === null) return null
  return (
    <Notice id="problem" alert takesFocus={takesFocus}>
      {text}
    </Notice>
  )
}
