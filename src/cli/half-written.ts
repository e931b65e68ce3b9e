/** A configuration that is read while another program still writes it: it may look whole, with too few rules. `known` is the text in use. */
import { setTimeout } from 'node:timers/promises'
import type { Loaded } from '../../config/load.ts'

const againMs = 1000

/** A copy that has just begun: a beginning of what is in use, cut inside a line. */
export function isHalfOf(known: string, text: string): boolean {
  return lacksEnd(known, text) && known.startsWith(text)
}

/** Reads again until a text that may be half written stays the same. */
export async function settled(
  load: () => Promise<Loaded>,
  known: string,
  wait: () => Promise<unknown> = () => setTimeout(againMs, undefined, { ref: false })
): Promise<Loaded> {
  let loaded = await load()
  for (;;) {
    if (loaded.kind === 'bad' || !mayBeHalf(known, loaded.text)) return loaded
    await wait()
    const again = await load()
    if (again.kind === 'ok' && again.text === loaded.text) return again
    loaded = again
  }
}

/** Also a copy cut at the end of a line, or of a text whose last line has no end. */
function mayBeHalf(known: string, text: string): boolean {
  return lacksEnd(known, text) || (text.length < known.length && known.startsWith(text))
}

function lacksEnd(known: string, text: string): boolean {
  return known.endsWith('\n') && !text.endsWith('\n')
}
