/**
 * PKCS #7 and CMS SignedData as a bundle of certificates and CRLs (RFC 5652 §5.1, RFC 2315 §9), as .p7b and .p7c files have it.
 * Not a signature: who signed, and what, is passed over. Other content types hold nothing for a relying party.
 */
import { err, type Result } from '../../base/result.ts'
import { toDefiniteLengths } from '../encoding/ber.ts'
import { contextConstructed, readDer, TAG, type DerFault, type DerReader } from '../encoding/der.ts'

/** Content types (RFC 5652). */
export const CONTENT_TYPE = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  envelopedData: '1.2.840.113549.1.7.3',
  encryptedData: '1.2.840.113549.1.7.6',
} as const

/** DER of each, in the order of the file. */
export interface SignedDataBundle {
  readonly certificates: readonly Uint8Array[]
  readonly crls: readonly Uint8Array[]
}

/** Read a ContentInfo; BER is read too, since some programs write these so. */
export function readSignedData(bytes: Uint8Array): Result<SignedDataBundle, DerFault> {
  const der = toDefiniteLengths(bytes)
  if (!der.ok) return err({ ...der.error, field: 'PKCS #7' })
  return readDer(der.value, 'PKCS #7', (reader) => {
    const r = reader.sequence('contentInfo')
    const type = r.oid('contentType')
    if (type === CONTENT_TYPE.envelopedData || type === CONTENT_TYPE.encryptedData) {
      r.reject('contentType', 'the content is encrypted, not signed (RFC 5652 §3)')
    }
    if (type !== CONTENT_TYPE.signedData) {
      r.reject('contentType', `${type} is not signedData (RFC 5652 §5.1)`)
    }
    const content = r.constructed('content', contextConstructed(0))
    const bundle = readBundle(content.sequence('signedData'))
    content.end('content')
    r.end('contentInfo')
    return bundle
  })
}

function readBundle(r: DerReader): SignedDataBundle {
  r.smallInteger('version')
  r.element('digestAlgorithms', TAG.set)
  r.element('encapContentInfo', TAG.sequence)
  const certificates = readChoices(r, 0, 'certificates')
  const crls = readChoices(r, 1, 'crls')
  r.element('signerInfos', TAG.set)
  r.end('signedData')
  return { certificates, crls }
}

/** CertificateSet and RevocationInfoChoices: what has a tag of its own (attribute certificates, OCSP) is neither. */
function readChoices(r: DerReader, n: number, field: string): readonly Uint8Array[] {
  if (r.nextTag !== contextConstructed(n)) return []
  return r
    .constructed(field, contextConstructed(n))
    .each(field, (list) => list.element(field), true)
    .filter(({ tag }) => tag === TAG.sequence)
    .map(({ encoded }) => encoded)
}
