/** Reasons in the reader's language. */
import { Catalogue, type InLanguage } from '../messages/catalogue.ts'
import type { Language } from '../messages/languages.ts'
import type { Sentences } from './messages/sentences.ts'
import { sizeOf, spanOf } from './quantities.ts'
import { type FactsOf, type Reason, type ReasonId, reasonsIn, type Words } from './reason.ts'

const catalogue = new Catalogue<Sentences>(new URL('./messages/', import.meta.url))
type Say = InLanguage<Sentences>

/** One text; each reason once, typed words as typed. `clean` is applied to names from outside. */
export function inWords(all: readonly Words[], language: Language, clean: Clean = asItIs): string {
  const texts = textsOf(all, words => [linesOf(words, language, clean).join(between(language))])
  return texts
    .map(text => (/[.!?؟。！？]$/.test(text.trimEnd()) || texts.length === 1 ? text : `${text}.`))
    .join(between(language))
}

/** The same as `inWords`, as lines of a list. */
export function inLines(all: readonly Words[], language: Language, clean: Clean = asItIs): readonly string[] {
  return textsOf(all, words => linesOf(words, language, clean))
}

/** None if one sentence says it. */
export function inList(all: readonly Words[], language: Language): readonly string[] {
  const lines = inLines(all, language)
  return lines.length < 2 ? [] : lines
}

function textsOf(all: readonly Words[], read: (words: Words) => readonly string[]): readonly string[] {
  return [...new Set(all.flatMap(read))]
}

type Clean = (text: string) => string
const asItIs: Clean = text => text

function linesOf({ why, reasons }: Words, language: Language, clean: Clean): readonly string[] {
  const read = reasonsIn(reasons)
  if (read === null) return [clean(why)]
  const say = catalogue.in(language)
  return read.map(one => sayReason(one, say, clean))
}

const between = (language: Language) => (language === 'zh' || language === 'ja' ? '' : ' ')

function sayReason({ id, facts }: Reason, say: Say, clean: Clean): string {
  const cleaned = Object.entries(facts).map(([name, fact]) => [name, typeof fact === 'string' ? clean(fact) : fact])
  return (sayings[id] as Saying)(Object.fromEntries(cleaned), say)
}

type Saying = (facts: Readonly<Record<string, unknown>>, say: Say) => string
type Deviation = FactsOf<'bytes'>
type Count = Extract<ReasonId, keyof Sentences['signal']>

function size(bytes: number, { size: words, formats }: Say): string {
  const { value, unit } = sizeOf(bytes)
  if (unit === 'bytes') return words.bytes({ count: Math.round(value) })
  return words[unit]({ amount: formats.number(value >= 100 ? Math.round(value) : value) })
}

const whole = (amount: number, { formats }: Say) => formats.number(Math.round(amount))

const ofBytes =
  (id: 'bytes' | 'foreignBytes' | 'peakBytes') =>
  ({ amount, usual, busy }: Deviation, say: Say) =>
    and(
      say,
      say.signal[id]({ amount: size(amount, say) }),
      say.usual({ usual: size(usual, say), busy: size(busy, say) })
    )
const ofCount =
  (
    id: {
      [Id in Count]: Sentences['signal'][Id] extends (args: { readonly amount: number }) => string ? Id : never
    }[Count]
  ) =>
  ({ amount, usual, busy }: Deviation, say: Say) =>
    and(
      say,
      say.signal[id]({ amount: Math.round(amount) }),
      say.usual({ usual: whole(usual, say), busy: whole(busy, say) })
    )
const and = ({ language }: Say, ...sentences: readonly string[]) => sentences.join(between(language))

const passed =
  (id: 'fetched' | 'sent' | 'requests' | 'pages') =>
  ({ amount, app, seconds, budget, limit }: FactsOf<'budgetFetched'>, say: Say) => {
    const counted = id === 'requests' || id === 'pages' ? id : 'bytes'
    const place = { where: app === '' ? 'other' : 'one', app } as const
    const told = { amount: quantity(counted, amount, say), ...place, within: within(seconds, say) }
    const what = id === 'pages' ? say.budget.pages({ ...told, count: amount }) : say.budget[id](told)
    return and(say, what, say.budget.allows({ budget, limit: quantity(counted, limit, say) }))
  }
const led =
  (counted: Counted) =>
  ({ amount }: { readonly amount: number }, say: Say) =>
    say.budget.led({ amount: quantity(counted, amount, say) })

type Counted = 'bytes' | 'requests' | 'pages'

function quantity(counted: Counted, amount: number, say: Say): string {
  return counted === 'bytes' ? size(amount, say) : say.count[counted]({ count: amount })
}

function within(seconds: number, { within: words }: Say): string {
  const { count, unit } = spanOf(seconds)
  return words[unit]({ count })
}

function client({ browser, system }: FactsOf<'changed'>, { client: words }: Say): string {
  if (browser !== '' && system !== '') return words.on({ browser, system })
  return browser === '' && system === '' ? words.none : browser + system
}

const hour = (n: number) => `${String(n % 24).padStart(2, '0')}:00`

const sayings: { readonly [Id in ReasonId]: (facts: FactsOf<Id>, say: Say) => string } = {
  bytes: ofBytes('bytes'),
  objects: ofCount('objects'),
  newObjects: ofCount('newObjects'),
  foreignObjects: ofCount('foreignObjects'),
  changes: ofCount('changes'),
  deletions: ofCount('deletions'),
  peakWrites: ofCount('peakWrites'),
  foreignBytes: ofBytes('foreignBytes'),
  newAreas: ofCount('newAreas'),
  peakBytes: ofBytes('peakBytes'),
  peakObjects: ofCount('peakObjects'),
  refusals: ofCount('refusals'),
  run: ofCount('run'),
  bare: ofCount('bare'),
  regular: ofCount('regular'),
  haul: ofCount('haul'),
  haulRow: ({ files, bytes }, say) => say.signal.haulRow({ files, size: size(bytes, say) }),
  lonely: ofCount('lonely'),
  bytesSum: ({ usual }, say) => say.signal.bytesSum({ usual: size(usual, say) }),
  foreignBytesSum: ({ usual }, say) => say.signal.foreignBytesSum({ usual: size(usual, say) }),
  newObjectsSum: ({ usual }, say) => say.signal.newObjectsSum({ usual: whole(usual, say) }),
  foreignObjectsSum: ({ usual }, say) => say.signal.foreignObjectsSum({ usual: whole(usual, say) }),
  bytesRecord: ({ amount, most }, say) => say.signal.bytesRecord({ amount: size(amount, say), most: size(most, say) }),
  objectsRecord: ({ amount, most }, say) =>
    say.signal.objectsRecord({ amount: Math.round(amount), most: whole(most, say) }),
  repeat: (facts, say) => say.signal.repeat(facts),
  hours: ({ hour: from, share, isRest }, say) =>
    say.signal.hours({ from: hour(from), to: hour(from + 1), share, time: isRest === 1 ? 'rest' : 'other' }),
  led: ({ objects, bytes }, say) => say.signal.led({ objects, size: size(bytes, say) }),
  sparedToday: (_, say) => say.signal.sparedToday,
  sparedBefore: (_, say) => say.signal.sparedBefore,
  network: (facts, say) => say.signal.network(facts),
  country: ({ country }, say) => say.signal.country({ country: say.formats.country(country) }),
  countryMoved: ({ country }, say) => say.signal.countryMoved({ country: say.formats.country(country) }),
  device: (facts, say) => say.signal.device({ client: client(facts, say), app: facts.app }),
  changed: (facts, say) => say.signal.changed({ client: client(facts, say) }),
  headers: ({ browser }, say) => say.signal.headers({ client: client({ browser, system: '' }, say) }),
  headersMoved: ({ browser }, say) => say.signal.headersMoved({ client: client({ browser, system: '' }, say) }),
  stopped: (_, say) => say.signal.stopped,
  disguised: ({ browser }, say) => say.signal.disguised({ client: client({ browser, system: '' }, say) }),
  twoPlaces: (_, say) => say.signal.twoPlaces,
  travel: ({ km, minutes }, say) => {
    const span = minutes < 60 ? within(60 * minutes, say) : say.within.hour({ count: Math.round(minutes / 6) / 10 })
    return say.signal.travel({ within: span, distance: say.formats.distance(km) })
  },
  programBytes: ({ program, amount, usual }, say) =>
    say.program.bytes({ program, amount: size(amount, say), usual: size(usual, say) }),
  programsBytes: ({ amount, usual }, say) =>
    say.program.together({ amount: size(amount, say), usual: size(usual, say) }),
  budgetFetched: passed('fetched'),
  budgetSent: passed('sent'),
  budgetRequests: passed('requests'),
  budgetPages: passed('pages'),
  budgetUnanswered: (_, say) => say.budget.unanswered,
  budgetLedBytes: led('bytes'),
  budgetLedRequests: led('requests'),
  budgetLedPages: led('pages'),
  budgetSpared: (_, say) => say.budget.spared,
  budgetConfirmable: (_, say) => say.budget.confirmable,
  ofAccount: (facts, say) => say.budget.ofAccount(facts),
  ofProgram: (facts, say) => say.budget.ofProgram(facts),
  ofApp: (facts, say) => say.budget.ofApp(facts),
  ofEveryone: (_, say) => say.budget.ofEveryone,
  decoy: (facts, say) => say.decoy.opened(facts),
  decoyOfProgram: (facts, say) => say.decoy.openedByProgram(facts),
  decoyHalfWay: (facts, say) => say.decoy.halfWay(facts),
  decoyPrefetch: (facts, say) => say.decoy.prefetch(facts),
  decoyOtherSite: (facts, say) => say.decoy.otherSite(facts),
  decoyEmbedded: (facts, say) => say.decoy.embedded(facts),
  decoyUnknownLink: (facts, say) => say.decoy.unknownLink(facts),
  decoyReported: (_, say) => say.decoy.reported,
  decoyNothingGiven: (_, say) => say.decoy.nothingGiven,
  decoySuspended: (_, say) => say.decoy.suspended,
  decoyRevoked: (_, say) => say.decoy.revoked,
  decoyEnded: (_, say) => say.decoy.ended,
  decoyAsked: (_, say) => say.decoy.asked,
  appOn: (facts, say) => say.app.on(facts),
  appForm: (facts, say) => say.app.form(facts),
  appFormHere: (_, say) => say.app.formHere,
  appPasswordForm: (facts, say) => say.app.passwordForm(facts),
  appPasswordFormHere: (_, say) => say.app.passwordFormHere,
  appBase: (facts, say) => say.app.base(facts),
  appScript: (facts, say) => say.app.script(facts),
  appNames: (facts, say) => say.app.names(facts),
  appRedirect: (facts, say) => say.app.redirect(facts),
  appRefresh: (facts, say) => say.app.refresh(facts),
  appFrame: (facts, say) => say.app.frame(facts),
  appStyle: (facts, say) => say.app.style(facts),
  appAnswers: (facts, say) => say.app.answers(facts),
  appPosts: (facts, say) => say.app.posts(facts),
  appFile: (facts, say) => say.app.file(facts),
  appStructure: (_, say) => say.app.structure,
  appCode: (facts, say) => say.app.code(facts),
  appMore: (facts, say) => say.app.more(facts),
  appVisitor: (_, say) => say.app.visitor,
  appVisitors: (_, say) => say.app.visitors,
  appFull: (facts, say) => say.app.full(facts),
  appFullChange: (_, say) => say.app.fullChange,
  appFullAlarm: (_, say) => say.app.fullAlarm,
  appFullProgram: (_, say) => say.app.fullProgram,
  appFullStranger: (_, say) => say.app.fullStranger,
  appApprove: (_, say) => say.app.approve
}
