/** A path without numbers, ids, dates and hashes, so objects of one kind share it. */

const maxDepth = 8
const uuid = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i

/** No folder for files has them. */
const programs =
  /\.(?:php\d?|phtml|phar|phps|pht|aspx?|ashx|asmx|ascx|cshtml|jspx?|jspf|jhtml|cfml?|cgi|fcgi|pl|pm|py|rb|sh|bash|shtml?|lua|exe|dll|so|war|tcl)(?=[./]|$)/i
const storage =
  /(?:^|\/)(?:uploads?|files?|media|attachments?|avatars?|images?|img|pics?|photos?|pictures?|icons?|fonts?|css|static|assets?|dist|public|cache|caches|tmp|temp|data|downloads?|documents?|docs?|backups?|logs?|user-?content|wp-content|var|storage|blobs?)\//i

/** Servers run `/x.php/y` too. */
export function isProgram(path: string): boolean {
  return programs.test(path)
}

export function isInStorage(path: string): boolean {
  return storage.test(path)
}

/** `path` has no query. Never throws. */
export function pathShape(path: string): string {
  const steps = path
    .split('/')
    .filter(step => step !== '')
    .map(rememberedShape)
  const kept = steps.length > maxDepth ? [...steps.slice(0, maxDepth), '~'] : steps
  return `/${kept.join('/')}${path.endsWith('/') && steps.length > 0 ? '/' : ''}`
}

/** `/a/b` and `/a/` are in `/a/`. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1)
}

/** Three deep at most, because versions and file names change. */
export function foreignFolder(path: string): string {
  const steps = folderOf(pathShape(path)).split('/').filter(Boolean).slice(0, 3)
  return steps.length === 0 ? '/' : `/${steps.join('/')}/`
}

/** `*` for generated labels. */
export function hostShape(host: string): string {
  return host.replace(/(?<=^|\.)(?:\d+|[0-9a-f]{16,}|[0-9a-f-]{32,})(?=\.)/gi, '*')
}

let remembered = new Map<string, string>()
const maxRemembered = 2048

function rememberedShape(step: string): string {
  const known = remembered.get(step)
  if (known !== undefined) return known
  const shape = stepShape(step)
  if (step.length > 128) return shape
  if (remembered.size >= maxRemembered) remembered = new Map()
  remembered.set(step, shape)
  return shape
}

function stepShape(step: string): string {
  const plain = percentDecoded(step).replace(/;.*/s, '')
  if (uuid.test(plain)) return '#'
  const dot = plain.lastIndexOf('.')
  const extension = dot > 0 && /^\.[a-z]{1,6}\d?$/i.test(plain.slice(dot)) ? plain.slice(dot) : ''
  const name = plain.slice(0, plain.length - extension.length)
  const isHash = extension !== '' && name.length === 8 && isDashedHash(name)
  if (isHash || looksGenerated(name)) return `#${extension}`
  const kept = extension === '' ? name : withoutHashes(name)
  const words = kept.split(/([-._~@+=,:!$ ])/)
  const last = words.length - 1
  const mayBeHash = extension !== '' && /[-.]/.test(words[last - 1] ?? '')
  const shape = words.map((word, at) => (at % 2 === 1 ? word : wordShape(word, mayBeHash && at === last))).join('')
  const whole = kept === name ? shape : `${shape}${name[kept.length]}#`
  return encoded(whole.replace(/#(?:[-._~@+=,:!$ ]*#)+/g, '#') + extension)
}

/** Bundlers' hashes of eight letters with a dash: `Markdown.oOG-xoxw`, `chunk-DSNLSHJZ-i-ZDOEnP`. */
function withoutHashes(name: string): string {
  const hash = /[-.]([\w-]{8})$/.exec(name)
  if (hash === null || !isDashedHash(hash[1] as string)) return name
  const rest = name.slice(0, hash.index)
  return /[-.][A-Z\d]{8}$/.test(rest) ? rest.slice(0, -9) : rest
}

/** False for `AMS_HTML` or `ui-theme`. */
function isDashedHash(text: string): boolean {
  const parts = text.split(/[-_]/)
  if (parts.length === 1) return false
  if (parts.some(part => !/^(?:[a-z]*(?:[A-Z][a-z]+)*|[A-Z]+)\d*$/.test(part))) return true
  return /[A-Z]/.test(text) && parts.some(part => part.length < 2)
}

/** Both cases and several digits are no word. */
function looksGenerated(name: string): boolean {
  if (name.length < 16 || !/^[\w-]+$/.test(name)) return name.length > 64
  // The journal must not hold the token of a link.
  if (name.length >= 32 && /[a-z]/.test(name) && /[A-Z\d]/.test(name)) return true
  if ((name.match(/[a-z][A-Z]/g)?.length ?? 0) >= name.length / 4) return true
  return (name.match(/\d/g)?.length ?? 0) >= 3 && /[a-z]/i.test(name) && !/^[a-z]+(?:[-_][a-z]+)*[-_]?\d+$/i.test(name)
}

function wordShape(word: string, mayBeHash: boolean): string {
  if (/^v\d+$/i.test(word)) return 'v#'
  if (/^[0-9a-f]{8,}$/i.test(word) || /^\d+$/.test(word)) return '#'
  if (/^[0-9a-f]{6,}$/i.test(word) && (mayBeHash || /\d/.test(word))) return '#'
  if (word.length >= 6 && /\d/.test(word) && /^\w+$/.test(word) && !/^[a-z_]+\d{1,4}$/i.test(word)) return '#'
  // A bundler's hash may have no digit: `index-DiwrgTda.js`.
  if (mayBeHash && word.length >= 8 && /^(?=.*\d)\w+$/.test(word)) return '#'
  const isWords = word.length !== 8 && /^[a-z]*(?:[A-Z][a-z]+)*$/.test(word)
  if (mayBeHash && word.length >= 8 && /^\w*[A-Z]\w*$/.test(word) && !isWords) return '#'
  return word.replace(/\d+/g, '#')
}

export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function encoded(step: string): string {
  return step.replace(/[^\x21-\x7e]|[/?%]/g, character => (character === '#' ? character : '?'))
}
