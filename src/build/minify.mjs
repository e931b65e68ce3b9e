/** Minifies a style sheet or a script with esbuild. `build.mjs` does so on the way to `dist/`; from source the gate serves the files as they are written. */
import { transformSync } from 'esbuild'

/** `loader` is `css` or `js`. */
export function minify(text, loader) {
  return transformSync(text, { loader, minify: true, charset: 'utf8' }).code.trim()
}
