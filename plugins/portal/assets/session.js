/**
 * Says that the session ends, two minutes before and when it has ended: pages of the gate in a notice, pages of apps by the event
 * `factorgate-session-ends` of the document. To look does not prolong the session.
 */
const soonSeconds = 120
const title = document.title
let timer
let notice
/** Where nobody was signed in, nothing ends. */
let isSignedIn = document.querySelector('.who') !== null

function tell({ endsIn, by, says, stay }) {
  document.dispatchEvent(new CustomEvent('factorgate-session-ends', { detail: { endsIn, by } }))
  const who = document.querySelector('.who')
  if (!who) return
  if (!notice) {
    notice = document.createElement('p')
    notice.className = 'notice'
    notice.setAttribute('role', 'alert')
    notice.append(document.createElement('span'))
    who.after(notice)
  }
  // The words change every twenty seconds, and the button keeps the focus.
  notice.firstChild.textContent = `${says} `
  document.title = `● ${title}`
  const there = notice.querySelector('button')
  if (!stay) there?.remove()
  if (!stay || there) return
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'plain'
  button.textContent = stay
  button.addEventListener('click', async () => {
    await fetch('/.factorgate/session', { method: 'POST' }).catch(() => null)
    look()
  })
  notice.append(button)
}

async function look() {
  clearTimeout(timer)
  // A page that is left stops the answer half-way.
  const left = await fetch('/.factorgate/session', { cache: 'no-store' })
    .then(answer => (answer.ok ? answer.json() : null))
    .catch(() => null)
  if (left?.endsIn === 0) {
    if (isSignedIn) tell(left)
    isSignedIn = false
    return
  }
  if (left) isSignedIn = true
  if (left && left.endsIn <= soonSeconds) tell(left)
  else if (notice) {
    notice.remove()
    notice = undefined
    document.title = title
  }
  timer = setTimeout(look, Math.min(Math.max((left?.endsIn ?? 0) - soonSeconds, 20), 600) * 1000)
}

document.addEventListener('visibilitychange', () => document.hidden || look())
look()
