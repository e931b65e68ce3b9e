/** The rows R of docs/THREATS.md: return addresses, forms from elsewhere, reflected text, caches and frames, against a running gate (../stores.ts). */
import t from 'tap'
import { onBothStores } from '../stores.ts'
import { addressRows } from './redirects-addresses.ts'
import { formRows } from './redirects-forms.ts'
import { pageRows } from './redirects-pages.ts'

t.test('redirects, CSRF, XSS, response integrity', { timeout: 120_000 }, async t => {
  await onBothStores(t, { extra: 'session: { maxPerUser: 500 }' }, fixture => [
    ...addressRows(fixture),
    ...formRows(fixture),
    ...pageRows(fixture)
  ])
})
