/** ASVS items without an attack: what pages ask, show and allow, and what passwords survive. SECURITY.md names this file beside each. */
import t from 'tap'
import { pageScript } from '../../plugins/portal/assets.ts'
import { toHtml } from '../../plugins/portal/layout.tsx'
import type { Command } from '../../src/cli/command.ts'
import { program } from '../../src/cli/run.ts'
import { Caller, Fixture } from '../fixtures/in-process/callers.ts'
import { formsOf } from '../fixtures/in-process/person.ts'
import { stories } from '../portal/story-list.tsx'

const pages = stories.map(({ name, page }) => ({ name, html: toHtml(page) }))
const inputs = (html: string) => html.match(/<(?:input|select|textarea)\b[^>]*>/g) ?? []
const isPasswordField = (input: string) => /name="password"/.test(input)

/** What is wrong with a password field: shown as it is typed (6.2.6), or kept from managers and the clipboard (6.2.7). */
const wrongWith = (input: string) =>
  /type="password"/.test(input) &&
  /autocomplete="(?:current|new)-password"/.test(input) &&
  !/onpaste|readonly/i.test(input) &&
  Number(/maxlength="(\d+)"/i.exec(input)?.[1] ?? 1024) >= 1024
    ? []
    : [input]

t.test('6.2.6 6.2.7 passwords are masked, pasted and kept by managers', async t => {
  t.same(wrongWith('<input name="password" type="text">').length, 1)
  const fields = pages.flatMap(({ html }) => inputs(html).filter(isPasswordField))
  t.ok(fields.length >= 2, `${fields.length} fields`)
  t.same(fields.flatMap(wrongWith), [])
  t.notMatch(String(pageScript().body), /['"](?:paste|beforeinput|contextmenu)['"]/, 'no script stands in the way')
})

t.test('6.4.2 no page asks for a hint or a secret question', async t => {
  const asked = new Set(pages.flatMap(({ html }) => formsOf(html).flatMap(({ names }) => names)))
  t.ok(asked.has('password') && asked.has('code'), 'the forms were read')
  t.same(
    [...asked].filter(
      name =>
        !/^(?:csrf|username|password|code|name|ceremony|saved|stranger|old|retry|who|operators|account|request|answer|q|language|back|app|days|reads|paths|networks|bytes|user|factorgate-kept|SAMLRequest|RelayState)$/.test(
          name
        )
    ),
    [],
    'nothing else is asked'
  )
})

t.test('6.4.6 no command and no page of an operator’s sets a password', async t => {
  const options: string[] = []
  const read = async ({ help, usage, commands }: Command): Promise<void> => {
    options.push(...(`${usage.join(' ')} ${help}`.match(/--[\w-]+/g) ?? []))
    for (const entry of commands ?? []) await read((await entry.load()).command)
  }
  await read(program)
  t.ok(options.includes('--group') && options.includes('--why'), 'the help pages were read')
  t.same(
    options.filter(name => /passw|secret/i.test(name)),
    []
  )
})

t.test('7.4.4 every page for somebody who is signed in shows how to sign out', async t => {
  const signedIn = pages.filter(({ html }) => html.includes('href="/.factorgate/account"') || /<nav\b/.test(html))
  t.ok(signedIn.length >= 3, signedIn.map(({ name }) => name).join())
  for (const { name, html } of signedIn) t.match(html, /(?:action|href)="[^"]*\/\.factorgate\/logout"/, name)
})

t.test('6.2.10 a password stays good for years', async t => {
  const fixture = await Fixture.start(t)
  const person = await fixture.somebody()
  fixture.time.advance(10 * 365 * 24 * 3600)
  t.equal((await new Caller(fixture).signIn(person.account.name)).status, 303)
})
