/** The page of a kept POST: sends a form on at once, and what a script had sent without leaving the page. */
;(() => {
  const form = document.querySelector('[data-send]')
  const { send, sent, failed } = form.dataset
  if (send === 'now') form.submit()
  if (send !== 'script') return
  form.addEventListener('submit', async event => {
    event.preventDefault()
    const field = form.querySelector('input')
    const answer = await fetch(form.action, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: `${field.name}=${field.value}`,
      redirect: 'manual'
    }).catch(() => null)
    const isDone = answer !== null && (answer.ok || answer.type === 'opaqueredirect')
    const notice = document.createElement('p')
    notice.className = isDone ? 'notice' : 'notice alert'
    notice.setAttribute('role', isDone ? 'status' : 'alert')
    notice.textContent = isDone ? sent : failed
    form.nextElementSibling.remove()
    form.replaceWith(notice)
  })
})()
