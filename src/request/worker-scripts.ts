/**
 * Which addresses are scripts of service workers: a worker's requests name its script as their referrer, and nothing else tells them from those of a page.
 * Owns what this process has learnt of that; refuses to learn from strangers, who could say so of any address.
 */

const mostKept = 1000
const learnt = new Set<string>()

/** Browsers say so when they fetch one (Service Workers, `Service-Worker: script`), at its registration and at each look for a newer one. */
export function learnWorkerScript(address: string): void {
  if (learnt.has(address) || address.length > 2048) return
  for (const oldest of learnt) if (learnt.size >= mostKept) learnt.delete(oldest)
  learnt.add(address)
}

/** What scripts of workers are called, for the time before anybody has fetched this one here. */
const usual = /\.[cm]?js(?:$|[?#])|\/(?:service[-_]?worker|sw)(?:\.[a-z]+)?(?:$|[?#])/i

/** True where this referrer is the script of a worker, as far as anybody can tell. */
export function isWorkerScript(referer: string): boolean {
  return usual.test(referer) || learnt.has(referer)
}
