/** Names within a field's value: JSON, base64, a form, XML, GraphQL. Each value is read once more only. */
import { bytesOfForm } from './spellings.ts'

const json = /^\s*[[{]/
/** `{"` and `[{`. A JWT has a dot, and is another site's statement. */
const base64 = /^(?:eyJ|eyAi|ewog|ew0K|W3si|WyJ)[\w+/-]*={0,2}\s*$/
const form = /^[\w.[\]%+-]{1,200}=\S*$/
/** HTML in a text may have any attribute. */
const xml = /^\s*<(?:\?xml\s|methodCall[\s>]|\w{1,40}:Envelope[\s>]|Envelope[\s>])/i
const query = /^(?:query|mutation|subscription|fragment)?[^{"]{0,400}\{/
const queryNames = /^(?:query|mutation|operations?|gql|graphql)$/i

/** What a browser brings back from another site or the app. No person writes it, and pages hide it. */
const opaque = /^(?:state|relaystate|saml\w*|id_token|code|__viewstate\w*|lti_\w*|login_hint)$/i

type Nested = 'json' | 'base64' | 'xml' | 'form' | 'query'

export function nestedIn(name: string, value: string): Nested | null {
  if (value.length < 4 || opaque.test(name)) return null
  if (json.test(value)) return queryNames.test(name) && query.test(value.trimStart()) ? 'query' : 'json'
  if (base64.test(value)) return 'base64'
  if (xml.test(value)) return 'xml'
  if (form.test(value)) return 'form'
  return queryNames.test(name) && query.test(value.trimStart()) ? 'query' : null
}

/** `namesOfJson` is an argument, otherwise two files would import each other. */
export function* namesInNested(
  kind: Nested,
  value: string,
  namesOfJson: (text: string) => Iterable<string | null>
): Generator<string | null> {
  if (kind === 'base64') yield* namesOfJson(Buffer.from(value, 'base64').toString())
  else if (kind === 'xml') yield* namesOfXml(value)
  else if (kind === 'form') yield* namesOfQueryString(value)
  else yield* namesOfJson(value)
  if (kind === 'query') yield* argumentsIn(value)
}

function* argumentsIn(query: string): Generator<string> {
  let others = 0
  for (const [, word = '', colon] of query.matchAll(/\b([A-Za-z_]\w{0,200})(\s{0,9}:)?/g)) {
    if (colon !== undefined) yield word
    // '' is no name; it lets the caller end its time slice.
    else if (++others % 1_000 === 0) yield ''
  }
}

function* namesOfXml(text: string): Generator<string> {
  for (const [, element] of text.matchAll(/<([\w:.-]{1,200})/g)) yield element ?? ''
  for (const [, attribute] of text.matchAll(/\s([\w:.-]{1,200})=["']/g)) yield attribute ?? ''
  for (const [, called] of text.matchAll(/<(?:\w{1,40}:)?(?:name|key|field|id)>([^<]{1,200})</gi)) yield called ?? ''
}

function* namesOfQueryString(text: string): Generator<string> {
  for (const [, name = ''] of text.matchAll(/(?:^|&)([^=&]{1,200})=/g)) yield bytesOfForm(name).toString()
}
