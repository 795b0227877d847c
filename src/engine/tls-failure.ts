/**
 * Why a handshake or a connection failed, as a closed list of codes over OpenSSL's open one.
 * Not the alert: what the peer was told is in the flight.
 */

type TlsFailureCode =
  /** The two have no suite, group or signature algorithm in common. */
  | 'no-shared-cipher'
  /** No version of TLS in common. */
  | 'version'
  /** What came is TLS by its record, but no message that TLS has, or not at this point. */
  | 'decode'
  /** A signature of the peer, or one in its chain, does not verify. */
  | 'bad-signature'
  /** A record that does not decrypt, is too long, or is no TLS at all. */
  | 'bad-record'
  /** The peer sent a fatal alert, or closed before the handshake was done. */
  | 'alert-received'
  /** This side's own key or certificates cannot be used. */
  | 'identity'
  /** This side refused the peer. */
  | 'refused'
  /** The endpoint had ended before. */
  | 'closed'
  | 'other'

export interface TlsFailure {
  readonly code: TlsFailureCode
  /** In OpenSSL's words, where they are OpenSSL's. */
  readonly detail: string
}

/** OpenSSL's reason (`ERR_SSL_…` of the platform) to ours, the first that matches. */
const REASONS: readonly (readonly [RegExp, TlsFailureCode])[] = [
  [/_ALERT_/, 'alert-received'],
  // OpenSSL looks at the chain's signatures though nobody asks it, and takes one that does not verify for the end.
  [/BAD_SIGNATURE|INVALID_PADDING/, 'bad-signature'],
  [
    /NO_SHARED_|NO_SUITABLE_|NO_CIPHERS|UNKNOWN_CIPHER|WRONG_SIGNATURE_TYPE|NO_COMMON/,
    'no-shared-cipher',
  ],
  [
    /UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|INAPPROPRIATE_FALLBACK|UNSUPPORTED_SSL_VERSION/,
    'version',
  ],
  [
    /CIPHER_OPERATION_FAILED|WRONG_VERSION_NUMBER|BAD_RECORD|_RECORD_|HTTP_REQUEST|HTTPS_PROXY|TOO_LONG|TOO_LARGE|BAD_PACKET|DATA_LENGTH|BLOCK_CIPHER_PAD/,
    'bad-record',
  ],
  [
    /DECODE|LENGTH|UNEXPECTED|PARSE|EXTENSION|BAD_|INVALID|ASN1|MISMATCH|DIGEST_CHECK|TOO_SHORT/,
    'decode',
  ],
]

/** Of an error that the platform raised on a TLS socket. */
export function failureOf(error: Error): TlsFailure {
  const { code = '' } = error as Error & { readonly code?: string }
  const reason = (error as Error & { readonly reason?: string }).reason ?? error.message
  const found = REASONS.find(([pattern]) => pattern.test(code))
  return { code: found?.[1] ?? 'other', detail: reason }
}
