/** What to do about a failed connection, by the words of Node.js and OpenSSL. */

const advice: readonly (readonly [RegExp, string])[] = [
  [
    /self.signed certificate|unable to (verify|get)/i,
    "set 'ca' to the certificate of the authority that has signed the server's certificate, and look whether the server sends its intermediate certificates"
  ],
  [/does not match certificate's altnames/i, 'write one of the names in the certificate into the address'],
  [/certificate has expired/i, "renew the server's certificate, or set this machine's clock"],
  [/certificate is not yet valid/i, "set this machine's clock, or wait"],
  [/wrong version number|packet length too long/i, 'correct the address or the port: no TLS is spoken there'],
  [/ENOTFOUND/, 'correct the address: the name server does not know this name'],
  [/EAI_AGAIN/, 'look why the name server of this machine does not answer'],
  [/ECONNREFUSED/, 'start it, or correct the address: nothing listens there']
]

/** A clause without full stop; `otherwise` for other messages. */
export function connectionMend(message: string, otherwise: string): string {
  return advice.find(([words]) => words.test(message))?.[1] ?? otherwise
}
