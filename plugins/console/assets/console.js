/**
 * The script of the console: a page that follows what happens, and a file that is read into a field. Everything works without it.
 */
;(() => {
  const all = (selector, work) => document.querySelectorAll(selector).forEach(work)

  // The content is the gate's own page, in which every text is escaped.
  all('[data-live]', box => {
    let source
    const follow = () => {
      source?.close()
      source = document.hidden ? undefined : new EventSource(box.dataset.live)
      source?.addEventListener('message', ({ data }) => {
        // A person who reads or uses something here is not disturbed.
        if (box.contains(document.activeElement) || !getSelection().isCollapsed) return
        box.innerHTML = data
      })
    }
    document.addEventListener('visibilitychange', follow)
    follow()
  })

  all('[data-into]', input => {
    input.addEventListener('change', async () => {
      const [file] = input.files
      if (file) document.getElementById(input.dataset.into).value = await file.text()
    })
  })
})()
