/** The cipher suites of the TLS listener (RFC 9325 §4). */
import { constants } from 'node:crypto'

/**
 * With TLS 1.2 each connection has its own key (ECDHE), so a stolen key of the certificate opens nothing, and no RSA key exchange can be attacked (ROBOT,
 * CVE-2023-46809). The last four are for Windows before 10. Ciphers of `--tls-cipher-list` stay.
 */
export const tlsCiphers =
  constants.defaultCipherList === constants.defaultCoreCipherList
    ? [
        ...['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'],
        ...['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305', 'AES128-SHA256', 'AES256-SHA384'].flatMap(
          suite => [`ECDHE-ECDSA-${suite}`, `ECDHE-RSA-${suite}`]
        )
      ].join(':')
    : constants.defaultCipherList
