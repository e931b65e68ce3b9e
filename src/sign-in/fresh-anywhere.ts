/** The account pages for which a fresh second factor of the person's institution is enough. */

/** A token opens only rules that take such a factor, and a login only what the app lets its owner do. */
const pages = /^\/\.factorgate\/account\/(?:programs\/new|logins\/[^/]+)$/

/** `url`: of a page of the portal. */
export function isFreshAnywhere(url: string): boolean {
  return pages.test(new URL(url).pathname)
}
