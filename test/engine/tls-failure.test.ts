/** OpenSSL's words for what went wrong, sorted into our closed list. */
import { expect, test } from 'vitest'
import { failureOf } from '../../src/engine/tls-failure.ts'

test.for([
  ['ERR_SSL_NO_SHARED_CIPHER', 'no-shared-cipher'],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'version'],
  // What OpenSSL 3 says of a record of AES-GCM that was changed, and of one of AES-CBC.
  ['ERR_SSL_CIPHER_OPERATION_FAILED', 'bad-record'],
  ['ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', 'bad-record'],
  ['ERR_SSL_UNEXPECTED_MESSAGE', 'decode'],
  // A signature in the peer's chain, and that of its CertificateVerify.
  ['ERR_SSL_INVALID_PADDING', 'bad-signature'],
  ['ERR_SSL_BAD_SIGNATURE', 'bad-signature'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'alert-received'],
  ['ERR_SOMETHING_ELSE', 'other'],
] as const)('%s is %s', ([code, expected]) => {
  const error = Object.assign(new Error('a failure'), { code, reason: 'in words' })
  expect(failureOf(error)).toEqual({ code: expected, detail: 'in words' })
})
