/** What the build makes of a style sheet or a script. */
const url = new URL('../../src/build/minify.mjs', import.meta.url).href

export const { minify } = (await import(url)) as { minify: (text: string, loader: 'css' | 'js') => string }
