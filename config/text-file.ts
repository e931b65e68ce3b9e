/**
 * The one reader of text files: configuration, secrets, certificates. Owns what counts as text: UTF-8, whose byte order mark is dropped;
 * refuses everything else by name and says how to convert it, because a stray byte would become part of a secret. Never quotes.
 */

/** The text, or what is wrong with the file: a sentence's end that follows its name (`is UTF-16 text: …`). */
export type TextRead = { readonly text: string } | { readonly not: string }

/** What `bytes` say. `name` stands in the command that converts the file; without it the command says FILE. */
export function readText(bytes: Uint8Array, name = 'FILE'): TextRead {
  const [a, b, c, d] = bytes
  if (a === 0xff && b === 0xfe && c === 0 && d === 0) return { not: `is UTF-32 text: ${convert('UTF-32', name)}` }
  if (a === 0 && b === 0 && c === 0xfe && d === 0xff) return { not: `is UTF-32 text: ${convert('UTF-32', name)}` }
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff))
    return { not: `is UTF-16 text: ${convert('UTF-16', name)}` }
  const nul = bytes.indexOf(0)
  if (nul >= 0) {
    const every = bytes.filter(byte => byte === 0).length / bytes.length
    if (every >= 0.3 && every <= 0.6)
      return { not: `is UTF-16 text without a mark: ${convert(nul % 2 === 1 ? 'UTF-16LE' : 'UTF-16BE', name)}` }
    return { not: `holds a NUL byte${lineOf(bytes, nul)}, so it is no text: is this the right file?` }
  }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    const at = firstInvalid(bytes)
    return { not: `is not UTF-8 text${lineOf(bytes, at)}: if it is Latin-1, ${convert('LATIN1', name)}` }
  }
  const mark = text.indexOf('\ufeff')
  if (mark >= 0)
    return {
      not: `holds a byte order mark in line ${text.slice(0, mark).split('\n').length}, not only at its beginning: remove it`
    }
  return { text }
}

function convert(from: string, name: string): string {
  const word = /^[\w./+-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`
  return `convert it with: iconv -f ${from} -t UTF-8 ${word} > NEW`
}

function lineOf(bytes: Uint8Array, at: number): string {
  return ` (line ${bytes.subarray(0, at).filter(byte => byte === 0x0a).length + 1})`
}

/** Where the first byte stands that ends no UTF-8 sequence. */
function firstInvalid(bytes: Uint8Array): number {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  for (let at = 0; at < bytes.length; at++)
    try {
      decoder.decode(bytes.subarray(at, at + 1), { stream: true })
    } catch {
      return at
    }
  return bytes.length
}
