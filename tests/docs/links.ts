/** Links and headings of a Markdown file, as far as links inside the project need them. Code is ignored. */

const prose = (markdown: string) => markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/`[^`\n]*`/g, '`')

/** The relative links, pictures included. */
export function linksIn(markdown: string): string[] {
  const text = prose(markdown)
  return [
    ...[...text.matchAll(/\]\(\s*(?:<([^>]+)>|([^)\s]+))[^)]*\)/g)].map(match => match[1] ?? match[2]!),
    ...[...text.matchAll(/^\s*\[[^\]^]+\]:\s*(\S+)/gm), ...text.matchAll(/\b(?:src|srcset|href)="([^"]+)"/g)].map(
      match => match[1]!
    )
  ].filter(link => !/^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(link))
}

/** The anchors that a Markdown page has, by GitHub's rule: small letters, no marks, `-` for blanks, numbered when they repeat. */
export function headingsOf(markdown: string): string[] {
  const seen = new Map<string, number>()
  return [...markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').matchAll(/^#{1,6} +(.+?) *#*$/gm)].map(match => {
    const plain = match[1]!.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    const anchor = plain
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-')
    const times = seen.get(anchor) ?? 0
    seen.set(anchor, times + 1)
    return times === 0 ? anchor : `${anchor}-${times}`
  })
}
