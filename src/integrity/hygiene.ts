/** What a response lacks, and its software: notes for `factorgate report`. */
import { dayMs } from '../clock.ts'
import { markValue } from './mark.ts'
import { pathShape } from './path-shape.ts'

const wanted = ['content-security-policy', 'x-content-type-options', 'referrer-policy'] as const

/** `headers`: names and values in turn. */
export function notesOf(headers: readonly string[], isPage: boolean, isSecure: boolean): string[] {
  const found = new Map<string, string>()
  const notes: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!.toLowerCase()
    const value = headers[i + 1] ?? ''
    if (name === 'set-cookie') {
      const lacking = cookieNote(value, isSecure)
      if (lacking !== null) notes.push(lacking)
    } else found.set(name, value)
  }
  const software = ['server', 'x-powered-by', 'x-aspnet-version', 'x-generator'].flatMap(name =>
    found.has(name) && /\d/.test(found.get(name)!) ? [`version ${markValue(softwareOf(name, found.get(name)!))}`] : []
  )
  notes.push(...software)
  if (!isPage) return notes
  for (const name of wanted) if (!found.has(name)) notes.push(`header ${name}`)
  if (isSecure && !found.has('strict-transport-security')) notes.push('header strict-transport-security')
  const policy = found.get('content-security-policy') ?? ''
  if (!found.has('x-frame-options') && !/frame-ancestors/i.test(policy)) notes.push('header x-frame-options')
  return notes
}

export function unreadNote(coding: string): string {
  return `unread ${coding}`
}

function softwareOf(name: string, value: string): string {
  return name === 'x-aspnet-version' ? `ASP.NET/${value}` : value
}

/** Null also for a removed cookie. */
function cookieNote(line: string, isSecure: boolean): string | null {
  const [pair = '', ...attributes] = line.split(';')
  const name = pair.slice(0, pair.indexOf('=')).trim()
  const given = new Map(
    attributes.map(each => {
      const [key = '', value = ''] = each.split('=')
      return [key.trim().toLowerCase(), value.trim()] as const
    })
  )
  const isRemoved = /^-|^0$/.test(given.get('max-age') ?? '') || Date.parse(given.get('expires') ?? '') < dayMs * 366
  if (name === '' || isRemoved) return null
  const lacking = [
    ...(isSecure && !given.has('secure') ? ['Secure'] : []),
    // Scripts must read the token of a form.
    ...(given.has('httponly') || /xsrf|csrf/i.test(name) ? [] : ['HttpOnly']),
    ...(given.has('samesite') ? [] : ['SameSite'])
  ]
  return lacking.length === 0 ? null : markValue(`cookie ${pathShape(`/${name}`).slice(1)} ${lacking.join(', ')}`)
}
