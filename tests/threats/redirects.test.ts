/** THREATS A3: return addresses, forms from elsewhere, reflected text, caches and frames, against one running gate. */
import t from 'tap'
import { House } from './house.ts'
import { addressRows } from './redirects-addresses.ts'
import { formRows } from './redirects-forms.ts'
import { pageRows } from './redirects-pages.ts'
import { tryAll } from './table.ts'

t.test('A3 redirects, CSRF, XSS, response integrity', async t => {
  const house = await House.start(t, { extra: 'session: { maxPerUser: 500 }' })
  await tryAll(t, [...addressRows(house), ...formRows(house), ...pageRows(house)])
})
