/**
 * The thumbprint by which Windows names a certificate: SHA-1 over its DER, in lower-case hexadecimal. A name, not a proof.
 */
import { createHash } from 'node:crypto'
import type { Certificate } from './certificate.ts'

export const thumbprint = ({ der }: Pick<Certificate, 'der'>): string =>
  createHash('sha1').update(der).digest('hex')

/** Every thumbprint by which settings may name this certificate. */
export const thumbprintsOf = (certificate: Certificate): readonly string[] => [
  thumbprint(certificate),
]
