/** The pictures in docs/pictures: each shows a page that the product still has, is small, and stands in a page that says what it shows. */
import { existsSync, statSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { stories } from '../portal/story-list.tsx'
import { filesIn, root, textOf } from './documents.ts'
import { maxBytes, pathOf, pictures } from './picture-list.ts'

const pages = ['README.md', ...filesIn('docs').filter(file => /\.(?:md|html)$/.test(file))]
/** Drawn by hand. */
const isDrawn = (file: string) => file.endsWith('.svg')

t.test('each picture of the list is taken, and is of a page that exists', async t => {
  const known = new Set(stories.map(({ name }) => name))
  const ofConsole = textOf('tests/fixtures/browser/desk.ts')
  for (const picture of pictures) {
    const file = path.join(root, pathOf(picture))
    if (!existsSync(file)) t.fail(`${pathOf(picture)} is missing: npm run pictures ${picture.file}`)
    else t.ok(statSync(file).size <= maxBytes, `${pathOf(picture)} has at most ${maxBytes} bytes`)
    if ('story' in picture.of)
      t.ok(known.has(picture.of.story), `${picture.file}: the story "${picture.of.story}" exists`)
    else
      t.match(
        ofConsole,
        `['${picture.of.console}', `,
        `${picture.file}: the page "${picture.of.console}" of the console exists`
      )
  }
})

t.test('no picture is left over', async t => {
  const listed = pictures.map(pathOf)
  t.same(
    filesIn('docs/pictures').filter(file => !isDrawn(file) && !listed.includes(file)),
    []
  )
})

t.test('each picture stands in a page, and says in words what it shows', async t => {
  const shown = pages.flatMap(page =>
    [...textOf(page).matchAll(/<(?:img|source)\b[^>]*\b(?:src|srcset)="([^"]+)"[^>]*>/g)].map(([tag, link]) => ({
      page,
      tag,
      file: path.posix.join(path.posix.dirname(page), link!)
    }))
  )
  t.same(
    filesIn('docs/pictures').filter(file => !shown.some(each => each.file === file)),
    [],
    'none is shown nowhere'
  )
  t.same(
    shown.filter(({ tag }) => tag.startsWith('<img') && !/\balt="[^"]{20,}"/.test(tag)).map(({ tag }) => tag),
    []
  )
})
