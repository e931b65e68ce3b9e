/**
 * The lab's one colour, made legible. Owns the reading of `portal.accent` and the promise that text in it, or on it, has a contrast
 * of at least 4.5:1 on paper and on slate (WCAG 2.2, 1.4.3); refuses anything that is not a hex colour.
 */

type Rgb = readonly [number, number, number]

export const paper = '#f8f5ef'
export const slate = '#181613'
const ours = '#0b5a5e'
const wanted = 4.5

/** The accent for light and dark pages, and the colour of text on it. Unreadable or absent: ours. */
export function accentFor(text: string | null): { light: string; onLight: string; dark: string; onDark: string } {
  const colour = parse(text ?? ours) ?? (parse(ours) as Rgb)
  const light = towards(colour, [0, 0, 0], parse(paper) as Rgb)
  const dark = towards(colour, [255, 255, 255], parse(slate) as Rgb)
  return { light: hex(light), onLight: textOn(light), dark: hex(dark), onDark: textOn(dark) }
}

function parse(text: string): Rgb | null {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(text)
  const long = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text)
  const parts = short ? short.slice(1).map(part => part + part) : long?.slice(1)
  return parts === undefined ? null : (parts.map(part => Number.parseInt(part, 16)) as unknown as Rgb)
}

/** Mixed with black or white, no more than it takes. */
function towards(colour: Rgb, end: Rgb, background: Rgb): Rgb {
  for (let share = 0; share < 1; share += 0.04) {
    const mixed = colour.map((part, i) => Math.round(part + ((end[i] as number) - part) * share)) as unknown as Rgb
    if (contrast(mixed, background) >= wanted) return mixed
  }
  return end
}

const hex = (colour: Rgb) => `#${colour.map(part => part.toString(16).padStart(2, '0')).join('')}`

function textOn(colour: Rgb): string {
  return contrast(colour, [255, 255, 255]) >= wanted ? '#ffffff' : slate
}

/** WCAG 2.2's contrast ratio, 1 to 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number]
  return (high + 0.05) / (low + 0.05)
}

function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map(part => {
    const share = part / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
