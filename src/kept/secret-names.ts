/** Tells by a name whether a field is a credential, which is never kept, or may be one, which is never shown. */

/** In lower case, without accents. */
const secretWords = new Set([
  ...['pass', 'pw', 'pwd', 'pswd', 'psw', 'pin', 'otp', 'totp', 'cvv', 'cvc', 'token', 'bearer', 'credential'],
  ...['credentials', 'geheimzahl', 'mdp', 'clave', 'senha', 'haslo']
])
/** People write these together with other words. */
const secretParts = [
  /passw|passphrase|passcode|passkey|secret(?!ar)|onetime(?:code|pin|token)/,
  /(?:user|login|new|old|confirm|my|db|admin|root|ftp|smtp|mail)(?:pass(?!port)|pwd|pin$|otp$)/,
  /(?:api|private|access|auth|refresh|id|session)token|(?:api|private|access|auth)key/,
  /(?:recovery|backup|verification|security|sms)code/,
  /kennwort|geheimnis|motdepasse|contrasen|palavrapasse|parolachiave|codicesegreto/,
  /密码|密碼|口令|パスワード|暗証|كلمة(?:ال)?(?:مرور|سر)|الرقمالسري/
]
/** Apps know their own forms by these. If they counted, nothing could be kept. */
const formMarks = /csrf|xsrf|(?:authenticity|requestverification|request|edit|form|security|antiforgery)token$/
/** Laravel and Symfony. */
const bareMark = /(?:^|\[)_token\]?$/
/** Brought from another site by OpenID Connect or LTI. */
const statement = /^id_token$/
/** Others in the room must not read these. */
const maybeSecret = /token|csrf|xsrf|saml|assert|code|state|ticket|key|sig|secret|auth|nonce|session|jwt|hash|sectok/i

/** It knows the languages of the gate. */
export function isSecretName(name: string): boolean {
  const words = wordsOf(name)
  const joined = words.join('')
  if (formMarks.test(joined) || bareMark.test(name) || statement.test(name)) return false
  return words.some(word => secretWords.has(word)) || secretParts.some(part => part.test(joined))
}

export function isHiddenName(name: string): boolean {
  return maybeSecret.test(name) || isSecretName(name)
}

/** `user_newPwd[0]` → user, new, pwd, 0. */
function wordsOf(name: string): string[] {
  return name
    .normalize('NFKD')
    .replace(/(?<=\p{Script=Latin})\p{Mn}+/gu, '')
    .normalize('NFC')
    .replace(/(\p{Ll}|\p{N})(?=\p{Lu})/gu, '$1 ')
    .replace(/(\p{Lu})(?=\p{Lu}\p{Ll})/gu, '$1 ')
    .replace(/(\p{L})(?=\p{N})/gu, '$1 ')
    .replace(/ł/gi, 'l')
    .toLowerCase()
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter(Boolean)
}
