/**
 * Files that hold certificates, told apart by what is in them.
 * Not a judgement: {@link ./path.ts} says whether a certificate is good.
 */
import { err, ok, type Result } from '../base/result.ts'
import { readCertificate, type Certificate } from './certificate.ts'
import { TAG, type DerFault } from './der.ts'
import { readPem } from './pem.ts'

/** PEM or DER beyond this is refused unread. */
export const CERTIFICATE_FILE_BYTES_MAX = 4 * 1024 * 1024

const CERTIFICATE_LABELS: ReadonlySet<string> = new Set(['CERTIFICATE', 'X509 CERTIFICATE'])

/**
 * Read a file of certificates: one in DER, or any number in PEM, in the order of the file.
 * Fails on the first that is malformed, and when there is none; `offset` then counts from that certificate's first byte.
 */
export function readCertificates(bytes: Uint8Array): Result<readonly Certificate[], DerFault> {
  if (bytes.length > CERTIFICATE_FILE_BYTES_MAX) {
    return err({
      field: 'file',
      offset: 0,
      rule: `larger than ${CERTIFICATE_FILE_BYTES_MAX} bytes`,
    })
  }
  let encoded: readonly Uint8Array[] = [bytes]
  if (bytes[0] !== TAG.sequence) {
    const blocks = readPem(Buffer.from(bytes).toString('latin1'), CERTIFICATE_LABELS)
    if (!blocks.ok) return blocks
    encoded = blocks.value
  }
  if (encoded.length === 0) {
    return err({ field: 'file', offset: 0, rule: 'neither DER nor PEM with a certificate' })
  }
  const certificates: Certificate[] = []
  for (const der of encoded) {
    const read = readCertificate(der)
    if (!read.ok) return read
    certificates.push(read.value)
  }
  return ok(certificates)
}
