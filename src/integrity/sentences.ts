/** What is new in an app, as a sentence and as reasons. */
import { type Reason, reason } from '../reasons/reason.ts'
import { asksPassword, isForeign, type Mark, type MarkKind } from './mark.ts'
import { severalVisitors } from './visitors.ts'

/** Operators must read where data may go, so more of that is named. */
const maxNamed = 2
const maxForeign = 5

/** The gravest first. */
const order: readonly MarkKind[] = [
  'form',
  'base',
  'script',
  'names',
  'redirect',
  'refresh',
  'frame',
  'endpoint',
  'file',
  'style'
]

export function sentenceOf(app: string, page: string, items: readonly Mark[], codes: number, left: number): string {
  const parts = namedOf(items).map(phraseOf)
  const others = items.length - parts.length + left
  if (codes > 0)
    parts.push(codes === 1 ? 'it has a new statement of inline code' : `it has ${codes} new statements of inline code`)
  if (others > 0) parts.push(`${others} more ${others === 1 ? 'thing is' : 'things are'} new`)
  return `New on ${page} of the app '${app}': ${parts.join('; ')}.`
}

export function seenInWords(onlySeenBy: string | undefined): string {
  if (onlySeenBy === undefined) return ''
  return onlySeenBy === severalVisitors
    ? ' Only visitors who had not signed in have seen it.'
    : ' Only visitors from one network, who had not signed in, have seen it: the page may repeat what they have asked for.'
}

/** None if one of the things has no reason. */
export function reasonsOf(
  app: string,
  page: string,
  items: readonly Mark[],
  codes: number,
  left: number,
  onlySeenBy?: string
): readonly Reason[] {
  const named = namedOf(items).map(reasonOf)
  const others = items.length - named.length + left
  if (codes > 0) named.push(reason('appCode', { count: codes }))
  if (others > 0) named.push(reason('appMore', { count: others }))
  if (onlySeenBy !== undefined) named.push(reason(onlySeenBy === severalVisitors ? 'appVisitors' : 'appVisitor', {}))
  return named.every(one => one !== null) ? [reason('appOn', { app, page }), ...named] : []
}

function namedOf(items: readonly Mark[]): Mark[] {
  const sorted = [...items].sort((a, b) => rank(a) - rank(b))
  return sorted.filter((mark, i) => i < (isForeign(mark) ? maxForeign : maxNamed))
}

function rank(mark: Mark): number {
  return order.indexOf(mark.kind) + (isForeign(mark) || mark.kind === 'endpoint' ? 0 : order.length)
}

function phraseOf({ kind, value }: Mark): string {
  switch (kind) {
    case 'form': {
      const { hasPassword, target } = formIn(value)
      const form = hasPassword ? 'a form that asks for a password' : 'a form'
      return `${form} is sent to ${target === '.' ? 'the page itself' : target}`
    }
    case 'base':
      return `its relative addresses now lead to ${value} (<base>)`
    case 'script':
      return `it loads a script from ${value}`
    case 'names':
      return `code names ${value}`
    case 'redirect':
      return `it sends visitors on to ${value}`
    case 'refresh':
      return `it sends visitors on to ${value} after a while (<meta refresh>)`
    case 'frame':
      return `it shows ${value} in a frame`
    case 'style':
      return `it loads a style sheet from ${value}`
    case 'endpoint': {
      const [method, ...path] = value.split(' ')
      return method === 'POST' ? `${path.join(' ')} accepts POST` : `${path.join(' ')} answers with a page`
    }
    case 'file':
      return `the script file ${value.slice(0, value.lastIndexOf(' '))} has other content`
    case 'structure':
      return 'the page looks entirely different'
    default:
      return `${kind} ${value}`
  }
}

function formIn(value: string): { readonly hasPassword: boolean; readonly target: string } {
  const hasPassword = value.endsWith(asksPassword)
  return { hasPassword, target: hasPassword ? value.slice(0, -asksPassword.length) : value }
}

const targetIds = {
  base: 'appBase',
  script: 'appScript',
  names: 'appNames',
  redirect: 'appRedirect',
  refresh: 'appRefresh',
  frame: 'appFrame',
  style: 'appStyle'
} as const

function reasonOf({ kind, value }: Mark): Reason | null {
  switch (kind) {
    case 'form': {
      const { hasPassword, target } = formIn(value)
      if (target === '.') return reason(hasPassword ? 'appPasswordFormHere' : 'appFormHere', {})
      return reason(hasPassword ? 'appPasswordForm' : 'appForm', { target })
    }
    case 'endpoint': {
      const [method, ...path] = value.split(' ')
      return reason(method === 'POST' ? 'appPosts' : 'appAnswers', { path: path.join(' ') })
    }
    case 'file':
      return reason('appFile', { path: value.slice(0, value.lastIndexOf(' ')) })
    case 'structure':
      return reason('appStructure', {})
    default:
      return kind in targetIds ? reason(targetIds[kind as keyof typeof targetIds], { target: value }) : null
  }
}
