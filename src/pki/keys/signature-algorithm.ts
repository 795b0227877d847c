/**
 * What the AlgorithmIdentifier of a signature says (RFC 3279, 4055, 5758, 8410): digest, kind of key, RSASSA-PSS parameters.
 * Not a verification: {@link ./signature.ts} makes it, and refuses what is not read here.
 */
import type { AlgorithmIdentifier } from '../certificate/certificate.ts'
import { readDer, TAG, type DerReader } from '../encoding/der.ts'

export interface SignatureAlgorithm {
  /** Node's name of the digest; null: the algorithm has its own. */
  readonly digest: string | null
  /** Node's name of the kind of key. */
  readonly key: 'rsa' | 'rsa-pss' | 'ec' | 'dsa' | 'ed25519' | 'ed448'
  /** Octets of salt: of RSASSA-PSS alone. */
  readonly saltLength?: number
}

/** What may stand as parameters: NULL, also left out (RFC 4055 §5), or nothing at all. */
type Parameters = 'null' | 'absent'

const FIXED = new Map<string, SignatureAlgorithm & { readonly parameters: Parameters }>([
  ['1.2.840.113549.1.1.5', { digest: 'sha1', key: 'rsa', parameters: 'null' }],
  ['1.2.840.113549.1.1.14', { digest: 'sha224', key: 'rsa', parameters: 'null' }],
  ['1.2.840.113549.1.1.11', { digest: 'sha256', key: 'rsa', parameters: 'null' }],
  ['1.2.840.113549.1.1.12', { digest: 'sha384', key: 'rsa', parameters: 'null' }],
  ['1.2.840.113549.1.1.13', { digest: 'sha512', key: 'rsa', parameters: 'null' }],
  ['1.2.840.10045.4.1', { digest: 'sha1', key: 'ec', parameters: 'absent' }],
  ['1.2.840.10045.4.3.1', { digest: 'sha224', key: 'ec', parameters: 'absent' }],
  ['1.2.840.10045.4.3.2', { digest: 'sha256', key: 'ec', parameters: 'absent' }],
  ['1.2.840.10045.4.3.3', { digest: 'sha384', key: 'ec', parameters: 'absent' }],
  ['1.2.840.10045.4.3.4', { digest: 'sha512', key: 'ec', parameters: 'absent' }],
  ['1.3.101.112', { digest: null, key: 'ed25519', parameters: 'absent' }],
  ['1.3.101.113', { digest: null, key: 'ed448', parameters: 'absent' }],
  ['1.2.840.10040.4.3', { digest: 'sha1', key: 'dsa', parameters: 'absent' }],
  ['2.16.840.1.101.3.4.3.1', { digest: 'sha224', key: 'dsa', parameters: 'absent' }],
  ['2.16.840.1.101.3.4.3.2', { digest: 'sha256', key: 'dsa', parameters: 'absent' }],
])

const RSASSA_PSS = '1.2.840.113549.1.1.10'

/** Undefined: one that is not known here, or whose parameters are not as its RFC has them. Never throws. */
export function signatureAlgorithm({
  oid,
  parameters,
}: AlgorithmIdentifier): SignatureAlgorithm | undefined {
  if (oid === RSASSA_PSS) return parameters && pssAlgorithm(parameters)
  const fixed = FIXED.get(oid)
  if (fixed === undefined || parameters === undefined) return fixed
  const isNull = parameters.length === 2 && parameters[0] === TAG.null && parameters[1] === 0
  return fixed.parameters === 'null' && isNull ? fixed : undefined
}

const DIGESTS = new Map<string, string>([
  ['1.3.14.3.2.26', 'sha1'],
  ['2.16.840.1.101.3.4.2.4', 'sha224'],
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
])

const MGF1 = '1.2.840.113549.1.1.8'
/** The default of RFC 4055 §3.1, in octets. */
const SALT_LENGTH = 20

/**
 * RSASSA-PSS-params (RFC 4055 §3.1). OpenSSL's mask generation takes the digest of the message; another one, which nobody uses, is
 * not known here.
 */
function pssAlgorithm(parameters: Uint8Array): SignatureAlgorithm | undefined {
  const field = 'RSASSA-PSS-params'
  const read = readDer(parameters, field, (outer) => {
    const r = outer.sequence(field)
    const digest = closed(r.explicit(0, field), readDigest) ?? 'sha1'
    const mask = closed(r.explicit(1, field), readMask) ?? 'sha1'
    const salt = closed(r.explicit(2, field), (inner) => inner.smallInteger(field)) ?? SALT_LENGTH
    const trailer = closed(r.explicit(3, field), (inner) => inner.smallInteger(field)) ?? 1
    r.end(field)
    return { digest, mask, salt, trailer }
  })
  if (!read.ok) return undefined
  const { digest, mask, salt, trailer } = read.value
  return digest === mask && trailer === 1 ? { digest, key: 'rsa-pss', saltLength: salt } : undefined
}

function closed<T>(inner: DerReader | undefined, read: (r: DerReader) => T): T | undefined {
  if (inner === undefined) return undefined
  const value = read(inner)
  inner.end('RSASSA-PSS-params')
  return value
}

/** An AlgorithmIdentifier of a digest, NULL or no parameters (RFC 4055 §2.1). */
function readDigest(outer: DerReader): string {
  const field = 'hashAlgorithm'
  const r = outer.sequence(field)
  const oid = r.oid(field)
  if (!r.atEnd) r.element(field, TAG.null)
  r.end(field)
  return DIGESTS.get(oid) ?? r.reject(field, `${oid} is no digest that is known here`)
}

function readMask(outer: DerReader): string {
  const field = 'maskGenAlgorithm'
  const r = outer.sequence(field)
  const oid = r.oid(field)
  if (oid !== MGF1) r.reject(field, `${oid}, expected MGF1 (RFC 4055 §2.2)`)
  const digest = readDigest(r)
  r.end(field)
  return digest
}
