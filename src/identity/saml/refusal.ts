/** Why a SAML message or metadata is not accepted. The message is one line for the log; it quotes the other side only in shortened, printable form. */
export class SamlRefusal extends Error {
  override readonly name = 'SamlRefusal'
}

/** Text of the other side for a log line: printable, on one line, at most 120 characters, in quotes. */
export function quoted(text: string): string {
  const line = text.replace(/[^\x20-\x7e\u00a1-\u1fff\u2070-\ud7ff]/g, '?')
  return `'${line.length > 120 ? `${line.slice(0, 117)}...` : line}'`
}
