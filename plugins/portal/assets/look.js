/** A page about an app that does not answer looks again, more and more seldom, for half an hour: looks count as the person's own requests. */
for (const notice of document.querySelectorAll('[data-look]')) {
  const { look, ready } = notice.dataset
  const until = Date.now() + 30 * 60_000
  const again = seconds => Date.now() < until && setTimeout(lookOnce, seconds * 1000, Math.min(seconds * 1.5, 60))
  async function lookOnce(next) {
    if (document.hidden) return again(next)
    const body = new AbortController()
    const answer = await fetch(look, { redirect: 'manual', cache: 'no-store', signal: body.signal }).catch(() => null)
    body.abort()
    if (answer === null || /^(app|store)_/.test(answer.headers.get('factorgate-error'))) return again(next)
    if (ready === undefined) return location.reload()
    notice.textContent = ready
  }
  again(10)
}
