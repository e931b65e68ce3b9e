/** The blocks of code in Markdown pages, and what the command lines in them ask of `factorgate`. */
import type { Command } from '../../src/cli/command.ts'
import { program } from '../../src/cli/run.ts'

interface Block {
  /** `sh`, `yaml`, or nothing. */
  readonly language: string
  readonly text: string
  /** The heading above it, without marks. */
  readonly under: string
}

export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = []
  let under = ''
  for (const [whole, fence, language = '', text = ''] of markdown.matchAll(
    /^(?: *(```)(\w*)\n([\s\S]*?)^ *```$|#+ .+)/gm
  ))
    if (fence === undefined) under = whole.replace(/^#+ /, '')
    else blocks.push({ language, text, under })
  return blocks
}

/** Each call of `factorgate` in a block, as words. A call in a pipe, behind another program or behind `&&` counts too. */
export function callsIn(text: string): string[][] {
  return text
    .replace(/\\\n/g, ' ')
    .split('\n')
    .flatMap(line => {
      const words = (line.match(/'[^']*'|"[^"]*"|#.*|\|\||&&|[|;>]|[^\s'"|;>&]+/g) ?? []).filter(
        word => !word.startsWith('#')
      )
      const starts = words.flatMap((word, n) =>
        word === 'factorgate' && isCommandPlace(words.slice(0, n)) ? [n + 1] : []
      )
      return starts.map(start => {
        const end = words.findIndex((word, n) => n >= start && /^(?:\|\|?|&&|;|>)$/.test(word))
        return words.slice(start, end < 0 ? undefined : end).map(word => word.replace(/^(['"])(.*)\1$/, '$2'))
      })
    })
}

/** At the beginning, behind a pipe, or behind a program that runs another one. */
function isCommandPlace(before: readonly string[]): boolean {
  const last = before.at(-1)
  return last === undefined || /^(?:\|\|?|&&|;|--|npx|sudo)$/.test(last)
}

/** What is wrong with a call: an unknown command, an option that the help page does not name, or a word where the command takes none. */
export async function faultOf(words: readonly string[]): Promise<string | null> {
  let command: Command = program
  let rest = words
  while (command.commands !== undefined) {
    // A group of commands alone prints its help page.
    if (rest.length === 0 || rest[0] === '--version' || rest[0] === '--help') return null
    const entry = command.commands.find(({ name }) => name === rest[0])
    if (entry === undefined) return `there is no command '${words.slice(0, words.length - rest.length + 1).join(' ')}'`
    command = (await entry.load()).command
    rest = rest.slice(1)
  }
  const page = [...command.usage, command.help].join('\n')
  const unknown = rest
    .filter(word => /^--?[a-z]/.test(word))
    .map(word => word.replace(/=.*/, ''))
    .find(
      option => option !== '--help' && option !== '--config' && !new RegExp(`(?<![\\w-])${option}(?![\\w-])`).test(page)
    )
  if (unknown !== undefined) return `'${command.name}' has no option ${unknown}`
  const takesWords = command.usage.some(line => /[A-Z|]/.test(line.replaceAll(withValue, '')))
  const word = takesWords ? undefined : rest.find((each, n) => isWord(each) && !takesValue(rest[n - 1], page))
  return word === undefined ? null : `'${command.name}' takes no word like ${word}`
}

/** An option of a usage line, with its value. */
const withValue = /(?<!\w)--?[a-z][\w-]*(?:[ =](?:[A-Z]\S*|[a-z]+\|\S+))?/g
const isWord = (text: string) => /^[A-Za-z]/.test(text)

function takesValue(option: string | undefined, page: string): boolean {
  if (option?.startsWith('--') !== true || option.includes('=')) return false
  return option === '--config' || new RegExp(`(?<![\\w-])${option}[ =](?:[A-Z]|[a-z]+\\|)`).test(page)
}
