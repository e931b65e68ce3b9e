/** The pages about apps, from the recipes: one for each in docs/apps/, their list, and the table in README.md. */
import { documentedRecipes } from './documented.ts'
import type { DocumentedRecipe, Recipe, TestedRecipe } from './recipe.ts'
import { testedRecipes } from './tested.ts'

const written = '<!-- Written by `npm run docs` from config/recipes/. Change it there. -->'

export function recipesTable(): string {
  const rows = testedRecipes.map(({ title, gate, app }) => {
    const keys = gate.split('\n').filter(line => /^ {2}(?!title:|url:|upstream:)\S/.test(line))
    const atGate = keys.length === 0 ? 'nothing' : keys.map(line => `\`${line.trim()}\``).join(', ')
    return `| ${title} | ${atGate} | ${app.length === 0 ? 'nothing' : app.join('; ')} |`
  })
  return ['| app | at the gate, besides `url` and `upstream` | at the app |', '|---|---|---|', ...rows].join('\n')
}

export function recipePages(): ReadonlyMap<string, string> {
  const pages = new Map([['README.md', listPage()]])
  for (const recipe of testedRecipes) pages.set(`${recipe.id}.md`, page(recipe, testedHere(recipe)))
  for (const recipe of documentedRecipes) pages.set(`${recipe.id}.md`, page(recipe, fromDocumentation(recipe)))
  return pages
}

function page({ title, gate, app, underPath, note }: Recipe, mark: string): string {
  const own = app.length === 0 ? 'Nothing: the app is used as installed.' : bullets(app)
  const more = note === undefined ? '' : `\n## Good to know\n\n${note}\n`
  return `${written}\n
# ${title}

${mark}

## At the gate

\`\`\`yaml
apps:
${gate.replace(/^(?=.)/gm, '  ')}\`\`\`

## At the app

${own}

## Under a path of a host that apps share

${underThePath(underPath)}
${more}
Only the gate may be able to reach the app: put it on loopback, on a Unix socket, or behind a firewall.
`
}

function testedHere({ id, installed, tried }: TestedRecipe): string {
  return `**Tested here.** ${installed}. \`npm run labapps -- ${id}\` runs exactly these lines and tries: ${tried}. It also tries that nobody gets anything who is signed out.`
}

function fromDocumentation({ sources }: DocumentedRecipe): string {
  return `**From its documentation**, not tested here: ${sources.map(source => `<${source}>`).join(', ')}.`
}

function underThePath(underPath: Recipe['underPath']): string {
  const address = 'Write the path into `url`'
  const gate =
    underPath?.isKept === true
      ? `${address} and into \`upstream\`: the app sees the path too.`
      : `${address}, such as \`https://lab.example/NAME\`. The gate takes the path away before the app, and puts it back into the addresses of the answers’ headers.`
  return underPath?.app === undefined ? gate : `${gate} At the app:\n\n${bullets(underPath.app)}`
}

function listPage(): string {
  const row = ({ id, title }: Recipe, mark: string) => ({ title, text: `| [${title}](${id}.md) | ${mark} |` })
  const rows = [
    ...testedRecipes.map(recipe => row(recipe, 'tested here')),
    ...documentedRecipes.map(recipe => row(recipe, 'from its documentation'))
  ].sort((one, other) => (one.title < other.title ? -1 : 1))
  return `${written}\n
# Apps, and what to set on both sides

Most apps need nothing but \`url\` and \`upstream\`. *Tested here*: the app was installed and driven through the gate with exactly the lines of its page (\`npm run labapps\`), on a host of its own, under a path, and on the
portal's host. *From its documentation*: the lines are what the app's own pages say. Names, addresses and ports are yours to fill in.

| app | |
|---|---|
${rows.map(({ text }) => text).join('\n')}

Your app is not here? Look at [what the gate tells an app](../../config/reference.md), and begin with \`enforce: report\` if you are not sure about its programs.
`
}

function bullets(lines: readonly string[]): string {
  return lines.map(line => `- ${line}`).join('\n')
}
