/** The text of a mail: subject, plain text, and HTML. Names cannot become markup or headers. */
import { Catalogue, type InLanguage } from '../messages/catalogue.ts'
import type { Language } from '../messages/languages.ts'
import { inLines } from '../reasons/in-words.ts'
import type { Sentences } from './messages/sentences.ts'
import type { Notice, NoticeKind } from './notice.ts'
import { groupOf } from './notice-groups.ts'

const catalogue = new Catalogue<Sentences>(new URL('./messages/', import.meta.url))
type Say = InLanguage<Sentences>

export interface ComposeInput {
  readonly language: Language
  readonly lab: string
  /** `https://gate.lab.example` */
  readonly portalOrigin: string
  /** Words, or an address with `mailto:` or `https:`; null for none. */
  readonly contact: string | null
  readonly accent: string | null
  /** Null for an address without an account. */
  readonly reader: { readonly id: string; readonly displayName: string } | null
  /** At least one. */
  readonly notices: readonly Notice[]
  /** Notices beyond the limit. */
  readonly left: number
  readonly codesLeft: number | null
  /** The opened link of an invitation or a new password. */
  readonly link: string | null
}

interface Composed {
  readonly language: string
  readonly subject: string
  readonly text: string
  readonly html: string
}

interface Entry {
  readonly subject: string
  readonly paragraphs: readonly string[]
  readonly rows: readonly Row[]
}

type Row = readonly [string, string | readonly string[]]

export function compose(input: ComposeInput): Composed {
  const say = catalogue.in(input.language)
  const entries = input.notices.map(notice => entryOf(notice, input, say))
  const [first] = entries as [Entry, ...Entry[]]
  const more = entries.length - 1 + input.left
  const subject = plain(`[${plain(input.lab)}] ${first.subject}${more === 0 ? '' : ` (+${more})`}`).slice(0, 200)
  return {
    language: say.entry.tag,
    subject,
    text: textOf(entries, input, say),
    html: htmlOf(entries, input, say, subject)
  }
}

function entryOf(notice: Notice, { lab, reader, codesLeft, portalOrigin }: ComposeInput, say: Say): Entry {
  const { facts, kind } = notice
  const told = {
    factor: facts.factor ?? 'other',
    person: plain(notice.name ?? ''),
    who: plain(facts.other ?? ''),
    what: plain(facts.what ?? ''),
    level: facts.what ?? '',
    app: plain(facts.app ?? ''),
    where: facts.app === undefined ? 'everywhere' : 'app',
    count: facts.count ?? 0,
    lab: plain(lab),
    valid: validity(facts.validSeconds ?? 24 * 3600, say)
  }
  const { subject, what, now } = sentencesFor(notice, reader?.id ?? null, say)
  const said = (message: Message) => (typeof message === 'string' ? message : message(told))
  const codes = kind === 'recovery-used' && codesLeft !== null ? [say.mail.codesLeft({ count: codesLeft })] : []
  return {
    subject: said(subject),
    paragraphs: [said(what), ...codes, said(now)],
    rows: rowsOf(notice, say, reader?.id === notice.account ? null : consoleUrl(notice, portalOrigin))
  }
}

/** Whole days from two days on, otherwise hours or minutes. */
function validity(seconds: number, { formats }: Say): string {
  if (seconds >= 2 * 86_400 && seconds % 86_400 === 0) return formats.span(seconds / 86_400, 'day')
  if (seconds % 3600 === 0) return formats.span(seconds / 3600, 'hour')
  return formats.span(Math.round(seconds / 60), 'minute')
}

type Told = Readonly<Record<string, string | number>>
type Message = string | ((told: Told) => string)
type Said = Readonly<Record<'subject' | 'what' | 'now', Message>>
type Group = { readonly [kind in NoticeKind]?: Said }

/** The person, the person who decided, and an operator get different sentences. */
function sentencesFor({ kind, account, to }: Notice, reader: string | null, say: Say): Said {
  // Each message takes some of what `entryOf` knows.
  const { own, ofOthers, ofDecision } = say as unknown as {
    readonly [group in 'own' | 'ofOthers' | 'ofDecision']: Group
  }
  const usual = own[kind] as Said
  const isDecision = kind === 'sponsor-approved' || kind === 'sponsor-declined'
  if (isDecision) return (account === reader ? ofDecision[kind] : undefined) ?? usual
  const isForOthers =
    kind === 'sponsor-asked' ? to.some(told => told.kind === 'operators') : account !== undefined && account !== reader
  return (isForOthers ? ofOthers[kind] : undefined) ?? usual
}

/** Null if the console has no page about it. */
export function consoleUrl({ kind, account }: Pick<Notice, 'kind' | 'account'>, portalOrigin: string): string | null {
  if (account === undefined) return null
  const person = `${portalOrigin}/.factorgate/admin/people/${account}`
  if (kind === 'suspended') return `${person}/suspension`
  return groupOf(kind) === 'watch' ? person : null
}

/** `url` is the console's. */
function rowsOf({ kind, at, facts }: Notice, { mail, formats, language }: Say, url: string | null): Row[] {
  if (isLink(kind)) return []
  const moment = (at: number) => mail.moment({ date: formats.date(at), time: new Date(at).toISOString().slice(11, 16) })
  const isPosture = kind === 'posture-set'
  const isBy = kind === 'suspended' || kind === 'resumed' || isPosture
  const rows: (readonly [string, Row[1] | undefined])[] = [
    [mail.when, moment(at)],
    [mail.until, isPosture && facts.ends !== undefined ? moment(facts.ends) : undefined],
    [mail.reason, whysIn(facts, language)],
    [mail.by, isBy ? plain(facts.other ?? '') : undefined],
    [mail.browser, plain(facts.device ?? '')],
    [mail.from, plain(facts.address ?? '')],
    [mail.reference, plain(facts.reference ?? '')],
    [mail.console, url ?? undefined]
  ]
  return rows.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value]]))
}

/** The reasons, in the reader's language if the watch has said them. */
function whysIn({ why, reasons }: Notice['facts'], language: Language): Row[1] | undefined {
  if (why === undefined) return undefined
  const lines = inLines([reasons === undefined ? { why } : { why, reasons }], language, plain)
  return lines.length === 1 ? lines[0] : lines
}

const isLink = (kind: NoticeKind) => kind === 'invitation' || kind === 'password-link'

function textOf(entries: readonly Entry[], input: ComposeInput, say: Say): string {
  const parts = [greeting(input, say)]
  if (entries.length > 1) parts.push(say.mail.several({ count: entries.length }))
  for (const { paragraphs, rows } of entries) {
    const [what, ...rest] = paragraphs
    parts.push(wrap(what ?? ''))
    if (input.link !== null) parts.push(input.link)
    if (rows.length > 0) parts.push(rows.map(rowText).join('\n'))
    parts.push(...rest.map(wrap))
    if (entries.length > 1) parts.push('- - -')
  }
  if (input.left > 0) parts.push(wrap(say.mail.left({ count: input.left })))
  if (input.link === null && input.reader !== null) parts.push(`${say.mail.account}: ${accountUrl(input)}`)
  parts.push(`--\n${wrap(say.mail.footer({ lab: plain(input.lab) }))}${contactText(input, say)}`)
  return `${parts.join('\n\n')}\n`
}

function htmlOf(entries: readonly Entry[], input: ComposeInput, say: Say, subject: string): string {
  const accent = input.accent ?? '#2f6f4e'
  const button = (href: string, label: string) =>
    `<p style="margin:24px 0"><a href="${escaped(href)}" style="background:${escaped(accent)};color:#fff;padding:11px 20px;border-radius:6px;text-decoration:none;display:inline-block">${escaped(label)}</a></p>`
  const entry = ({ paragraphs: [what = '', ...rest], rows }: Entry, index: number) => `
${index === 0 ? '' : '<hr style="border:0;border-top:1px solid #8884;margin:24px 0">'}
<p style="margin:0 0 14px">${escaped(what)}</p>
${input.link === null ? '' : `${button(input.link, say.mail.open)}<p style="margin:0 0 14px;font-size:14px;word-break:break-all">${escaped(input.link)}</p>`}
${rows.length === 0 ? '' : `<table role="presentation" style="border-collapse:collapse;margin:0 0 14px;font-size:15px">${rows.map(rowHtml).join('')}</table>`}
${rest.map(text => `<p style="margin:0 0 14px">${escaped(text)}</p>`).join('\n')}`
  return `<!doctype html>
<html lang="${say.entry.tag}" dir="${say.entry.direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escaped(subject)}</title>
<style>:root{color-scheme:light dark}@media (prefers-color-scheme:dark){.page{background:#1c1a17;color:#ece7df}}</style>
</head>
<body class="page" style="margin:0;padding:32px 20px;font:16px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif">
<div style="max-width:34rem;margin:0 auto">
<p style="margin:0 0 20px;font-weight:600;border-bottom:3px solid ${escaped(accent)};padding-bottom:10px">${escaped(plain(input.lab))}</p>
<p style="margin:0 0 14px">${escaped(greeting(input, say))}</p>
${entries.length > 1 ? `<p style="margin:0 0 14px">${escaped(say.mail.several({ count: entries.length }))}</p>` : ''}
${entries.map(entry).join('\n')}
${input.left > 0 ? `<p style="margin:0 0 14px">${escaped(say.mail.left({ count: input.left }))}</p>` : ''}
${input.link === null && input.reader !== null ? button(accountUrl(input), say.mail.account) : ''}
<p style="margin:28px 0 0;padding-top:12px;border-top:1px solid #8884;font-size:13px;opacity:.8">${escaped(say.mail.footer({ lab: plain(input.lab) }))}${contactHtml(input, say)}</p>
</div>
</body>
</html>
`
}

function rowText([name, value]: Row): string {
  if (typeof value === 'string') return `  ${name}: ${value}`
  return [
    `  ${name}:`,
    ...value.map(one =>
      wrap(`- ${one}`, 70)
        .replace(/^/gm, '    ')
        .replace(/\n {4}/g, '\n      ')
    )
  ].join('\n')
}

function rowHtml([name, value]: Row): string {
  const shown =
    typeof value === 'string'
      ? escaped(value)
      : `<ul style="margin:0;padding:0 0 0 1.1em">${value.map(one => `<li style="margin:0 0 4px">${escaped(one)}</li>`).join('')}</ul>`
  return `<tr><td style="padding:3px 16px 3px 0;opacity:.75;vertical-align:top">${escaped(name)}</td><td style="padding:3px 0">${shown}</td></tr>`
}

const accountUrl = ({ portalOrigin }: ComposeInput) => `${portalOrigin}/.factorgate/account`

function greeting({ reader }: ComposeInput, say: Say): string {
  return reader === null ? say.mail.helloAll : say.mail.hello({ name: plain(reader.displayName) })
}

function contactText({ contact }: ComposeInput, say: Say): string {
  return contact === null ? '' : `\n${say.mail.questions} ${plain(contact.replace(/^mailto:/i, ''))}`
}

function contactHtml({ contact }: ComposeInput, say: Say): string {
  if (contact === null) return ''
  const label = escaped(plain(contact.replace(/^mailto:/i, '')))
  const isLinked = /^(?:mailto:|https?:\/\/)/i.test(contact)
  return `<br>${escaped(say.mail.questions)} ${isLinked ? `<a href="${escaped(contact)}" style="color:inherit">${label}</a>` : label}`
}

/** One line without control characters and direction marks, which could turn the sentence around. */
export function plain(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/[^\P{Cf}\u200c\u200d]/gu, '')
    .trim()
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, char => `&#${char.charCodeAt(0)};`)
}

/** Longer words stay whole. */
function wrap(text: string, most = 76): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' '))
    if (line !== '' && line.length + 1 + word.length > most) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  return [...lines, line].join('\n')
}
