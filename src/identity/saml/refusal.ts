/** The refusal of a SAML message or metadata. Its message is one line for the log, with foreign text short and printable. */
export class SamlRefusal extends Error {
  override readonly name = 'SamlRefusal'
}

/** Foreign text for a log line: printable, on one line, at most 120 characters, in quotes. */
export function quoted(text: string): string {
  const line = text.replace(/[^\x20-\x7e\u00a1-\u1fff\u2070-\ud7ff]/g, '?')
  return `'${line.length > 120 ? `${line.slice(0, 117)}...` : line}'`
}
