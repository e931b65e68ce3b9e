/** Checks of `apps[].integrity`. */
import type { Diagnostics } from '../reading/diagnostics.ts'
import type { DraftConfig } from '../schema.ts'

const maxPages = 64

export function checkIntegrity({ apps }: DraftConfig, diagnostics: Diagnostics): void {
  apps?.forEach((app, place) => {
    const { pages, learn } = app?.integrity ?? {}
    const at = `apps[${place}].integrity`
    pages?.forEach((page, index) => {
      if (page !== undefined && pages.indexOf(page) < index)
        diagnostics.problem(`${at}.pages[${index}]`, 'is in the list already')
    })
    if (pages !== undefined && pages.length > maxPages)
      diagnostics.problem(`${at}.pages`, `must have at most ${maxPages} pages; what people open is read anyway`)
    if (learn === 0)
      diagnostics.warning(`${at}.learn`, 'leaves no time to learn: what is rare in the app will be reported as new')
  })
}
