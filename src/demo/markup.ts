/** HTML for the sample lab. */

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;'
}

export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Part = Markup | string | number | false | null | undefined | readonly Part[]

function render(part: Part): string {
  if (part === null || part === undefined || part === false) return ''
  if (part instanceof Markup) return part.text
  if (typeof part === 'object') return part.map(render).join('')
  return String(part).replace(/[&<>"']/g, char => entities[char]!)
}

/** Inserted values are text unless they are markup already. */
export function html(source: TemplateStringsArray, ...parts: Part[]): Markup {
  return new Markup(source.map((text, i) => text + (i < parts.length ? render(parts[i]) : '')).join(''))
}
