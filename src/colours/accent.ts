/** The pages' accent colour. Text in it or on it has a contrast of at least 4.5:1 on light and dark pages (WCAG 2.2, 1.4.3), for any `portal.accent`. */

type Rgb = readonly [number, number, number]

export const paper = '#f8f5ef'
export const slate = '#1d1812'
const ours = '#0b5a5e'
const wanted = 4.5

/** The colours for light and dark pages, made from the gate's own accent unless `text` is a hex colour. */
export function accentFor(text: string | null): { light: string; onLight: string; dark: string; onDark: string } {
  const colour = parse(text ?? ours) ?? (parse(ours) as Rgb)
  const light = towards(colour, 0, parse(paper) as Rgb)
  const dark = towards(colour, 1, parse(slate) as Rgb)
  return { light: hex(light), onLight: textOn(light), dark: hex(dark), onDark: textOn(dark) }
}

/** The contrast of the unchanged colour with the pages, 1 to 21; of the gate's own accent unless `text` is a hex colour. */
export function contrastOnPages(text: string): { onLight: number; onDark: number } {
  const colour = parse(text) ?? (parse(ours) as Rgb)
  return { onLight: contrast(colour, parse(paper) as Rgb), onDark: contrast(colour, parse(slate) as Rgb) }
}

function parse(text: string): Rgb | null {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(text)
  const long = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text)
  const parts = short ? short.slice(1).map(part => part + part) : long?.slice(1)
  return parts === undefined ? null : (parts.map(part => Number.parseInt(part, 16)) as unknown as Rgb)
}

/** Until the contrast is enough. Lighter colours lose half of their saturation. */
function towards(colour: Rgb, end: 0 | 1, background: Rgb): Rgb {
  if (contrast(colour, background) >= wanted) return colour
  const [hue, saturation, lightness] = toHsl(colour)
  const calmed = end === 1 ? saturation * 0.5 : saturation
  for (let step = 1; step <= 50; step++) {
    const mixed = toRgb(hue, calmed, lightness + ((end - lightness) * step) / 50)
    if (contrast(mixed, background) >= (end === 1 ? 7.5 : wanted)) return mixed
  }
  return end === 1 ? [255, 255, 255] : [0, 0, 0]
}

function toHsl(colour: Rgb): [hue: number, saturation: number, lightness: number] {
  const [r, g, b] = colour.map(part => part / 255) as unknown as Rgb
  const max = Math.max(r, g, b)
  const range = max - Math.min(r, g, b)
  const lightness = max - range / 2
  if (range === 0) return [0, 0, lightness]
  const hue = max === r ? (g - b) / range : max === g ? 2 + (b - r) / range : 4 + (r - g) / range
  return [(hue + 6) % 6, range / (1 - Math.abs(2 * lightness - 1)), lightness]
}

function toRgb(hue: number, saturation: number, lightness: number): Rgb {
  const reach = saturation * Math.min(lightness, 1 - lightness)
  const part = (n: number) => {
    const k = (n + hue * 2) % 12
    return Math.round(255 * (lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1))))
  }
  return [part(0), part(8), part(4)]
}

const hex = (colour: Rgb) => `#${colour.map(part => part.toString(16).padStart(2, '0')).join('')}`

function textOn(colour: Rgb): string {
  return contrast(colour, [255, 255, 255]) >= wanted ? '#ffffff' : slate
}

/** WCAG 2.2's ratio, 1 to 21. */
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
