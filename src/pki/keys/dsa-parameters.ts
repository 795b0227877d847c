/**
 * DSA keys that leave their parameters to the certificate above (RFC 3279 §2.3.2, RFC 5280 §6.1.4 (e)).
 * Not a key reader: it only puts the two halves of a SubjectPublicKeyInfo together.
 */
import { readDer, TAG } from '../encoding/der.ts'
import * as write from '../encoding/der-writer.ts'

const DSA = '1.2.840.10040.4.1'

interface DsaKey {
  /** The parameters element, encoded. */
  readonly parameters?: Uint8Array
  /** The subjectPublicKey element, encoded. */
  readonly key: Uint8Array
}

function readDsaKey(spki: Uint8Array): DsaKey | undefined {
  const read = readDer(spki, 'subjectPublicKeyInfo', (r): DsaKey | undefined => {
    const field = 'subjectPublicKeyInfo'
    const inner = r.sequence(field)
    const algorithm = inner.sequence(field)
    if (algorithm.oid(field) !== DSA) return undefined
    const rest = algorithm.atEnd ? undefined : algorithm.element(field)
    algorithm.end(field)
    const key = inner.element(field, TAG.bitString).encoded
    inner.end(field)
    const parameters = rest?.tag === TAG.sequence ? rest.encoded : undefined
    return { key, ...(parameters !== undefined && { parameters }) }
  })
  return read.ok ? read.value : undefined
}

/** A DSA key that is of no use without the parameters of another. */
export function lacksParameters(spki: Uint8Array): boolean {
  const key = readDsaKey(spki)
  return key !== undefined && key.parameters === undefined
}

/** `spki` with the parameters of `donor`; undefined where they are no such pair. */
export function inheritParameters(spki: Uint8Array, donor: Uint8Array): Uint8Array | undefined {
  const parameters = readDsaKey(donor)?.parameters
  const key = readDsaKey(spki)?.key
  if (parameters === undefined || key === undefined) return undefined
  return write.sequence(write.sequence(write.oid(DSA), parameters), key)
}
