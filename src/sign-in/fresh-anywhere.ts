/** The pages of an account for which a second factor that the person's institution has just checked is enough. */

/** A token opens only rules that take such a factor, and a login only what the app lets its owner do. So neither opens more than the factor does. */
const pages = /^\/\.factorgate\/account\/(?:programs\/new|logins\/[^/]+)$/

/** `url`: of a page of the portal. */
export function isFreshAnywhere(url: string): boolean {
  return pages.test(new URL(url).pathname)
}
