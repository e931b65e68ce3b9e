/** The known scripts of service workers, which only the referrer of a request tells from pages. */

const mostKept = 1000
const learnt = new Set<string>()

/** Learns the address of a request with `Service-Worker: script`. For signed-in requests only, otherwise anybody could claim an address. */
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
