/** The known scripts of service workers, whose requests only their referrer tells from a page's. */

const mostKept = 1000
const learnt = new Set<string>()

/** From `Service-Worker: script`. Only for signed-in requests, otherwise anybody could claim an address. */
export function learnWorkerScript(address: string): void {
  if (learnt.has(address) || address.length > 2048) return
  for (const oldest of learnt) if (learnt.size >= mostKept) learnt.delete(oldest)
  learnt.add(address)
}

/** Usual names, for scripts not learnt yet. */
const usual = /\.[cm]?js(?:$|[?#])|\/(?:service[-_]?worker|sw)(?:\.[a-z]+)?(?:$|[?#])/i

export function isWorkerScript(referer: string): boolean {
  return usual.test(referer) || learnt.has(referer)
}
