/**
 * The page of a kept POST, on the host of its app. It takes its sender to the missing proof, and then sends the POST: a form of the app's
 * own pages at once, all others after the person has seen what goes where (THREATS R20).
 */
import type { FastifyInstance } from 'fastify'
import { askOfKept } from '../../src/apps/return-to.ts'
import { GateError } from '../../src/errors.ts'
import { bodyTypeOf } from '../../src/kept/content.ts'
import { type Contents, contentsOf } from '../../src/kept/contents.ts'
import { isUnseen, type KeptPost, maxOwn } from '../../src/kept/kept-posts.ts'
import { expiredCookie, keptCookieName, keptIds, readCookie, readOwn, stateOf } from '../cookies.ts'
import { keptPath } from '../kept-posts.ts'
import { resendField, resendValue } from '../resend-form.ts'
import { keptScript } from './assets.ts'
import { requireForm } from './forms.ts'
import { pageHeaders } from './headers.ts'
import { type Frame, Page, plain, Said, Token, toHtml } from './layout.tsx'
import type { KeptOptions } from './options.ts'
import { callerOf, frameOf, goTo, isSigned, type PageContext } from './page-context.ts'
import { withReturnTo } from './return-to.ts'

export interface KeptView {
  readonly id: string
  readonly app: string
  readonly method: string
  readonly url: string
  readonly back: string
  /** The value of the form's only field. */
  readonly value: string
  /** `now`: the page's script presses the button. */
  readonly how: 'now' | 'page' | 'script' | 'foreign'
  /** '' if unknown. */
  readonly from: string
  readonly bytes: number
  /** Null if nothing is asked. */
  readonly contents: Contents | null
}

export function KeptPage({ frame, view }: { frame: Frame; view: KeptView }) {
  const say = frame.say.kept
  const { id, app, how, contents } = view
  const from = view.from === '' ? say.otherSite : view.from
  return (
    <Page frame={frame} title={how === 'now' ? say.onward({ app }) : say.title({ app })} drawing="ajar">
      <p>
        <Said
          text={
            how === 'foreign' ? say.foreign({ app, from }) : how === 'script' ? say.script({ app }) : say.own({ app })
          }
        />
      </p>
      {contents !== null && (
        <dl>
          <dt>{say.to}</dt>
          <dd>
            <bdi>{view.method === 'POST' ? view.url : `${view.method} ${view.url}`}</bdi>
          </dd>
          <dt>
            {say.what} ({say.size({ kilobytes: String(Math.max(1, Math.round(view.bytes / 1000))) })})
          </dt>
          {contents.fields.map(({ name, value }) => (
            <dd key={name}>
              <bdi>{name}</bdi>
              {name !== '' && value !== '' && ': '}
              <bdi>{value ?? '•••'}</bdi>
            </dd>
          ))}
          {contents.isCut && <dd>…</dd>}
        </dl>
      )}
      <form
        method="post"
        action={view.url}
        enctype="text/plain"
        data-kept={how}
        data-done={how === 'script' ? plain(say.sent({ app })) : undefined}
        data-failed={how === 'script' ? plain(say.failed({ app })) : undefined}
      >
        <input type="hidden" name={resendField} value={view.value} />
        <button type="submit">
          <Said text={say.send({ app })} />
        </button>
      </form>
      <form method="post" action={`${keptPath(id)}/drop`}>
        <Token frame={frame} />
        <button type="submit" class="second">
          {say.drop}
        </button>
      </form>
      {how === 'script' && (
        <p>
          <a href={view.back}>
            <Said text={say.back({ app })} />
          </a>
        </p>
      )}
      <p class="soft">{say.until}</p>
      <script src={keptScript.path} defer />
    </Page>
  )
}

const maxLookedAt = 200

export function registerKept(scope: FastifyInstance): void {
  const kept = scope.portal.kept ?? null
  if (kept === null) return
  const config = { requires: 'anyone', everyHost: true } as const

  scope.get('/.factorgate/kept/:id', { config }, async request => showKept(request.page, kept))

  scope.post('/.factorgate/kept/:id/drop', { config }, async request => dropKept(request.page, kept))
}

/** The page, or the way to what is missing: a sign-in, another factor. */
async function showKept(page: PageContext, kept: KeptOptions) {
  const { portal } = page
  expireSurplus(page)
  const found = await findHere(page, kept)
  // The page from which the sender came is the sender's alone, so another person is led on to the app.
  const front = found?.isOthers && isUnseen(found.post) ? kept.frontOf(found.post.url) : null
  if (front !== null) return goTo(page, front)
  if (found === null || found.isOthers) {
    kept.onGone()
    throw new GateError('kept_gone')
  }
  const { post, secret } = found
  const there = portal.routes.requirementFor(post.url, page.principal, page.address, {
    method: post.method,
    headers: {}
  })
  if (there === null) throw new GateError('kept_gone')
  const { access } = there
  if (access.kind === 'refuse') throw new GateError(access.reason, 'decision' in access ? access : {})
  if (page.principal === null) return goTo(page, toProof(page, '/.factorgate/login', post))
  if (access.kind === 'challenge') return goTo(page, toProof(page, '/.factorgate/challenge', post))
  const view = await viewOf(post, secret, kept)
  if (view === null) throw new GateError('kept_gone')
  const value = resendValue(portal.keyring(), post.id, page.principal.csrfKey)
  return page.reply
    .code(200)
    .headers(pageHeaders(formTargets(page)))
    .type('text/html; charset=utf-8')
    .send(toHtml(<KeptPage frame={frameOf(page)} view={{ ...view, value, app: there.app.title }} />))
}

async function dropKept(page: PageContext, kept: KeptOptions) {
  requireForm(page)
  const found = await findHere(page, kept)
  if (found === null || found.isOthers || !isSigned(page)) throw new GateError('kept_gone')
  const { post } = found
  if (!(await kept.posts.take(post, page.request.exchange.id))) throw new GateError('kept_gone')
  await kept.posts.forget(post)
  kept.onDropped(post, callerOf(page))
  return goTo(page, post.back)
}

/** One of this browser. If its sender was not known, it belongs to the person of this browser from now on. */
async function findHere(page: PageContext, { posts, ownerOf }: KeptOptions) {
  const { id } = page.request.params as { id: string }
  const { cookie } = page.request.raw.headers
  const secret = readCookie(cookie, keptCookieName(id, page.site))
  const found = await posts.find(id, secret)
  if (found === null || secret === null || !found.url.startsWith(`${page.site.origin}/`)) return null
  let post: KeptPost | null = found
  if (found.account === null) {
    const token = readOwn(cookie, 'session', page.site)
    const owner = page.principal?.account.id ?? (token === null ? null : await ownerOf(token))
    if (owner !== null) post = await posts.claim(found, owner)
  }
  if (post === null) return null
  // Another person has signed in here meanwhile.
  const isOthers = page.principal !== null && post.account !== page.principal.account.id
  return { post, secret, isOthers }
}

/** Another site can send form after form, each with a cookie, until servers refuse what the browser sends (THREATS R25). The newest stay. */
function expireSurplus({ request, reply, site }: PageContext): void {
  const { id } = request.params as { id: string }
  const others = keptIds(request.raw.headers.cookie, site, maxLookedAt).filter(other => other !== id)
  for (const old of others.slice(0, Math.max(0, others.length - maxOwn)))
    reply.header('set-cookie', expiredCookie(keptCookieName(old, site), site))
}

/** Null if its body is gone. */
async function viewOf(
  post: KeptPost,
  secret: string,
  options: KeptOptions
): Promise<Omit<KeptView, 'value' | 'app'> | null> {
  const { id, method, url, back, bytes } = post
  const how = await howToSend(post, options)
  const shown = { id, method, url, back, how, from: post.foreign ?? '', bytes }
  if (how === 'now') return { ...shown, contents: null }
  const body = await options.posts.body(post, secret)
  if (body === null) return null
  const type = post.headers.find((_, i, all) => i % 2 === 1 && /^content-type$/i.test(all[i - 1] as string))
  return { ...shown, contents: await contentsOf(body, bodyTypeOf(type) ?? plainText) }
}

async function howToSend(post: KeptPost, { expectsForeign, posts }: KeptOptions): Promise<KeptView['how']> {
  // Whoever was led here has not followed the link in the frame, and may have sent it again.
  if (post.sender === 'script' || (isUnseen(post) && (await posts.wasLed(post.id)))) return 'script'
  if (post.foreign === null || expectsForeign(post.url)) return 'now'
  return 'foreign'
}

function toProof({ portal, site, nonce }: PageContext, step: string, post: KeptPost): string {
  const returnTo = {
    rd: site.origin + keptPath(post.id),
    state: site.isPortal || nonce === null ? null : stateOf(nonce),
    ask: askOfKept(post)
  }
  return portal.portalOrigin + withReturnTo(step, returnTo)
}

const plainText = { content: 'text', charset: null, boundary: null } as const

/** Chromium applies `form-action` to redirects too, and only the app knows where its answer leads. */
function formTargets({ site }: PageContext): string[] {
  return site.secure ? ['https:'] : ['https:', 'http:']
}
