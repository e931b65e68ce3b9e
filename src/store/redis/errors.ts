/** Sentences for operators from Redis errors. Command arguments, which may hold passwords, stay out. */

const replies: Readonly<Record<string, string>> = {
  NOAUTH: 'it asks for a password; write redis://USER:PASSWORD@HOST:PORT',
  WRONGPASS: 'it refuses the user or the password',
  DENIED: 'it is in protected mode and accepts connections only from its own machine',
  LOADING: 'it is still loading its data',
  READONLY: 'it is a replica and accepts no writes',
  OOM: 'it has no memory left (maxmemory)',
  MISCONF: 'it cannot save its data to its disk, so it accepts no writes',
  MASTERDOWN: 'its master is down',
  MOVED: 'it belongs to a Cluster; write redis+cluster://HOST:PORT',
  ASK: 'it is moving the key to another node',
  TRYAGAIN: 'it is moving the key to another node',
  CROSSSLOT: 'its Cluster assigns keys to other nodes than it said',
  CLUSTERDOWN: 'its Cluster is down: some of the keys have no master',
  WRONGTYPE: 'another program uses one of our keys; give the gate its own key prefix',
  BUSY: 'it is busy with a script',
  NOREPLICAS: 'it has too few replicas to accept writes (min-replicas-to-write)'
}

const codes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; start Redis, or correct the address',
  ENOTFOUND: 'the name server does not know this host name',
  EAI_AGAIN: 'the name server does not answer',
  EHOSTUNREACH: 'there is no route to this host',
  ENETUNREACH: 'there is no route to this network',
  ETIMEDOUT: 'it does not answer in time',
  ECONNRESET: 'it broke the connection',
  EPIPE: 'it broke the connection',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS; write redis:// instead of rediss://',
  EPROTO: 'it uses no TLS version that the gate accepts',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; check the clocks of both machines',
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: 'redis.tls.key does not belong to the certificate in redis.tls.cert',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    "it asks for a client's certificate; name its files as redis.tls.cert and redis.tls.key",
  DEPTH_ZERO_SELF_SIGNED_CERT: 'nobody we trust signed its certificate; name the file of its authority as redis.tls.ca',
  SELF_SIGNED_CERT_IN_CHAIN: 'nobody we trust signed its certificate; name the file of its authority as redis.tls.ca',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'nobody we trust signed its certificate; name the file of its authority as redis.tls.ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'nobody we trust signed its certificate; name the file of its authority as redis.tls.ca'
}

/** Redis and Valkey word it differently. */
const noDatabase = /\bDB index|index out of range|select is not allowed/i

/** These only follow from an earlier error. */
const consequences = /isn't writeable|isn't ready|Connection is closed|None of startup nodes|max retries per request/

/** The driver's words when it has asked each Sentinel, and names no error: each named a server that is no master now. */
const noReason = /Retrying from scratch after \d+ms\.$/

/** In a script the reply begins with ERR, and before Redis 7.2 it names no command. */
const deniedInScript = /ACL failure in script|user executing the script can't/

/** The answer of a plain Redis that is asked as a Sentinel. */
const noSentinel = /unknown command\W{1,3}sentinel\b/i
const noMaster = /invalid reply: null|No such master/
const noConnection = 'there is no connection'

/** Returns the end of a sentence. `before` is the connection's last error. */
export function describeTrouble(error: unknown, before?: unknown): string {
  const {
    message = '',
    code,
    lastNodeError
  } = (error ?? {}) as { message?: string; code?: unknown; lastNodeError?: unknown }
  if (lastNodeError instanceof Error) return describeInner(lastNodeError, 'none of its nodes answers')
  if (typeof code === 'string' && codes[code] !== undefined) return codes[code]
  if (typeof code === 'string' && ofTls.test(code)) return describeTls(code)
  if (noMaster.test(message)) return 'the Sentinels know no master of that name'
  if (noSentinel.test(message)) return 'it is not a Sentinel; write redis://HOST:PORT, or the address of a Sentinel'
  if (isUnselected(error) && noDatabase.test(message))
    return "it has no database of this number; its setting 'databases' says how many there are"
  const inner = /Last error: (.+)$/.exec(message)?.[1] ?? /because (.+)$/.exec(message)?.[1]
  if (inner !== undefined) return describeInner(new Error(inner), 'no Sentinel answers')
  const word = /^[A-Z]+(?= )/.exec(message)?.[0]
  if (word === 'NOPERM' || deniedInScript.test(message)) return describeRight(message)
  if (word !== undefined && replies[word] !== undefined) return replies[word]
  if (/timed out|timeout/i.test(message)) return 'it does not answer in time'
  if (/cluster support disabled/.test(message)) return 'it is no Cluster; write redis://HOST:PORT'
  if (consequences.test(message))
    return before === undefined || before === error ? noConnection : describeTrouble(before)
  const named = /\b(E[A-Z_]{4,})\b/.exec(message)?.[1]
  if (named !== undefined && codes[named] !== undefined) return codes[named]
  return word === undefined ? 'it answers what is not Redis' : `it answers with ${word}`
}

const ofTls = /^ERR_(?:OSSL|SSL|TLS)_/

function describeTls(code: string): string {
  const alert = /_ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_\w+)$/.exec(code)?.[1]
  if (alert !== undefined)
    return `it refuses the certificate of the gate (${alert.toLowerCase().replaceAll('_', ' ')}); name one in redis.tls.cert that is valid and that an authority of its tls-ca-cert-file has signed`
  return code.startsWith('ERR_OSSL_')
    ? `a file of redis.tls holds nothing that can be used (${code})`
    : `TLS fails between it and the gate (${code})`
}

function describeInner(error: Error, otherwise: string): string {
  const inner = describeTrouble(error)
  return inner === noConnection ? otherwise : inner
}

/** False if an earlier error says more. */
export function saysWhy(error: unknown): boolean {
  return !noReason.test((error as Error)?.message ?? '')
}

/** The server refuses the database of the address. The driver would go on with the first one, which may be another program's. */
export function isUnselected(error: unknown): boolean {
  const { name, command } = (error ?? {}) as { name?: string; command?: { name?: string } }
  return name === 'ReplyError' && command?.name === 'select'
}

/** An operator must act before a retry can succeed. */
export function isLasting(error: unknown): boolean {
  const { message = '', code } = (error ?? {}) as { message?: string; code?: unknown }
  return (
    /\b(NOAUTH|WRONGPASS|NOPERM|DENIED) |cluster support disabled/.test(message) ||
    noMaster.test(message) ||
    noSentinel.test(message) ||
    (isUnselected(error) && noDatabase.test(message)) ||
    (typeof code === 'string' && /CERT|SSL|EPROTO/.test(code))
  )
}

export function isForbidden(error: unknown): boolean {
  return /^NOPERM |unknown command|unknown subcommand/i.test((error as Error)?.message ?? '')
}

function describeRight(message: string): string {
  const command = /'([a-z|]+)' command/.exec(message)?.[1]
  if (command !== undefined)
    return `this user may not run ${command.toUpperCase()}; allow it with ACL SETUSER … +${command}`
  if (/can't run this command/.test(message))
    return 'this user may not run a command of our scripts; allow it with ACL SETUSER … +@read +@write +time'
  return /channel/.test(message)
    ? 'this user may not receive changes; allow it with ACL SETUSER … &__redis__:invalidate'
    : 'this user may not use our keys; allow it with ACL SETUSER … ~factorgate:*'
}
