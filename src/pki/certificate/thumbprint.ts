/**
 * The thumbprint by which Windows names a certificate: SHA-1 over its DER, in lower-case hexadecimal. A name, not a proof.
 */
import { hash } from 'node:crypto'
import { rememberEach } from '../../base/remember.ts'
import type { Certificate } from './certificate.ts'

export const thumbprint = ({ der }: Pick<Certificate, 'der'>): string => digestOf(der)

const digestOf = rememberEach((der: Uint8Array) => hash('sha1', der, 'hex'))

/** Every thumbprint by which settings may name this certificate: a mirror answers to that of the real one, too. */
export const thumbprintsOf = (certificate: Certificate): readonly string[] => [
  thumbprint(certificate),
  ...(certificate.mirrorOf === undefined ? [] : [certificate.mirrorOf]),
]
