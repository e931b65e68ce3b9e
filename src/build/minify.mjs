/** Minifies a style sheet or script for `dist/`; run from source, the gate serves the originals. */
import { transformSync } from 'esbuild'

/** `loader` is `css` or `js`. */
export function minify(text, loader) {
  return transformSync(text, { loader, minify: true, charset: 'utf8' }).code.trim()
}
