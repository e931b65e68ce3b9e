/** The page of a kept POST: sends a form on at once, and what a script had sent without leaving the page. */
;(() => {
  const form = document.querySelector('[data-kept]')
  const { kept, done, failed } = form.dataset
  if (kept === 'now') form.submit()
  if (kept !== 'script') return
  form.addEventListener('submit', async event => {
    event.preventDefault()
    const field = form.querySelector('input')
    const answer = await fetch(form.action, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: `${field.name}=${field.value}`,
      redirect: 'manual'
    }).catch(() => null)
    // The gate has answered, and nothing was sent. Its page says what is missing.
    if (answer?.headers.has('factorgate-error') && answer.status < 500) return location.reload()
    // The gate redirects none of these requests, so the app does.
    const isDone = answer !== null && (answer.ok || answer.type === 'opaqueredirect')
    const notice = document.createElement('p')
    notice.className = isDone ? 'notice' : 'notice alert'
    notice.setAttribute('role', isDone ? 'status' : 'alert')
    notice.textContent = isDone ? done : failed
    form.nextElementSibling.remove()
    form.replaceWith(notice)
  })
})()
