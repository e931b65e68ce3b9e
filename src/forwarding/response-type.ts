/** The type of an app's response. `raw`: header lines as alternating names and values. */

const eventStream = /^\s*text\/event-stream\b/i
/** A sequence of records has another type (`application/json-seq`). */
const json = /^\s*application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i

export function isEventStream(raw: readonly string[]): boolean {
  return hasType(raw, eventStream)
}

export function isJson(raw: readonly string[]): boolean {
  return hasType(raw, json)
}

function hasType(raw: readonly string[], type: RegExp): boolean {
  return raw.some(
    (name, i) => i % 2 === 0 && name.length === 12 && /^content-type$/i.test(name) && type.test(raw[i + 1] as string)
  )
}
