/** A style sheet or a script as the build makes it. */
const url = new URL('../../src/build/minify.mjs', import.meta.url).href

export const { minify } = (await import(url)) as { minify: (text: string, loader: 'css' | 'js') => string }
