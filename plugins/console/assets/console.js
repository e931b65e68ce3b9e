/**
 * The script of the console: a page that follows what happens, and a file that is read into a field. Everything works without it.
 */
;(() => {
  const all = (selector, work) => document.querySelectorAll(selector).forEach(work)

  // The content is the gate's own page, in which every text is escaped.
  all('[data-live]', box => {
    let source
    const mayFollow = document.querySelector('[data-follow]')
    const stopped = document.querySelector('[data-stopped]')
    const follow = () => {
      source?.close()
      stopped.hidden = true
      source = document.hidden || !mayFollow.checked ? undefined : new EventSource(box.dataset.live)
      // The role, the session or the proof has ended, or the gate is away. A refused browser does not ask again by itself.
      source?.addEventListener('error', () => {
        stopped.hidden = false
      })
      source?.addEventListener('open', () => {
        stopped.hidden = true
      })
      source?.addEventListener('message', ({ data }) => {
        // A person who reads or uses something here is not disturbed.
        if (box.contains(document.activeElement) || !getSelection().isCollapsed) return
        box.innerHTML = data
      })
    }
    document.addEventListener('visibilitychange', follow)
    mayFollow.addEventListener('change', follow)
    follow()
  })

  all('[data-into]', input => {
    input.addEventListener('change', async () => {
      const [file] = input.files
      if (file) document.getElementById(input.dataset.into).value = await file.text()
    })
  })
})()
