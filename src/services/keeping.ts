/** Keeps POSTs until their senders have confirmed; null if no app does. */
import { type KeepPost, PostKeeper } from '../../plugins/kept-posts.ts'
import type { KeptOptions } from '../../plugins/portal/options.ts'
import type { ResendOptions } from '../../plugins/resend.ts'
import type { App, RouteTable } from '../apps/route-table.ts'
import { type KeptOutcome, KeptPosts } from '../kept/kept-posts.ts'
import { parseTarget } from '../request/target.ts'
import type { Services } from './services.ts'

interface Keeping {
  readonly keepPost: KeepPost
  readonly resend: NonNullable<ResendOptions['kept']>
  readonly pages: KeptOptions
}

export function keepingOf(apps: readonly App[], routes: RouteTable, runtime: Services): Keeping | null {
  if (apps.every(({ keepPosts }) => keepPosts == null)) return null
  const { store, clock, journal: audit, strangers, sessions, metrics } = runtime
  const keyring = () => runtime.keyring
  const posts = new KeptPosts({ store, clock, keyring })
  const ownerOf = (token: string) => sessions.ownerOf(token)
  const onOutcome = (outcome: KeptOutcome) => metrics.count('factorgate_kept_posts_total', outcome)
  metrics.read('factorgate_kept_bytes', () => posts.bytes)
  return {
    keepPost: new PostKeeper({ posts, ownerOf, audit, strangers, clock, onOutcome }),
    resend: { posts, keyring, audit, clock, onOutcome },
    pages: {
      posts,
      ownerOf,
      expectsForeign: url => appAt(url, routes)?.expectsForeign === true,
      frontOf: url => appAt(url, routes)?.front ?? null,
      onGone: () => onOutcome('gone'),
      onDropped({ app, reference, bytes }, { request, now, address, principal: { account, session } }) {
        onOutcome('dropped')
        audit.record({
          kind: 'post.drop',
          at: now,
          request,
          account: account.id,
          name: account.name,
          session: session.id,
          address,
          app,
          kept: reference,
          bytes
        })
      }
    }
  }
}

/** Null if no app has this address any more. */
function appAt(url: string, routes: RouteTable): { readonly front: string; readonly expectsForeign: boolean } | null {
  const { origin, host } = new URL(url)
  const target = parseTarget(url.slice(origin.length))
  const match = target === null ? null : routes.match(host, target)
  if (match?.kind !== 'app') return null
  const { app, readings } = match
  return { front: `${app.origin}${app.prefix}/`, expectsForeign: app.keepPosts?.expectsForeign(readings) === true }
}
