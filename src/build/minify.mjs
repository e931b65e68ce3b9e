/** Minifies a style sheet or script with esbuild for `dist/`; run from source, the gateway serves the original files. */
import { transformSync } from 'esbuild'

/** `loader` is `css` or `js`. */
export function minify(text, loader) {
  return transformSync(text, { loader, minify: true, charset: 'utf8' }).code.trim()
}
