/** Known scripts of service workers. A worker's request names its script as the referrer. */

const maxKept = 1000
const learnt = new Set<string>()

/** Only for signed-in requests, otherwise anybody could add addresses. */
export function learnWorkerScript(address: string): void {
  if (learnt.has(address) || address.length > 2048) return
  for (const oldest of learnt) if (learnt.size >= maxKept) learnt.delete(oldest)
  learnt.add(address)
}

const usual = /\.[cm]?js(?:$|[?#])|\/(?:service[-_]?worker|sw)(?:\.[a-z]+)?(?:$|[?#])/i

export function isWorkerScript(referer: string): boolean {
  return usual.test(referer) || learnt.has(referer)
}
