/**
 * Where a CRL is published and what it covers (RFC 5280 §4.2.1.13, §5.2.5), read into plain data.
 * Not a judgement: {@link ../revocation/revocation.ts} decides whether a CRL's scope includes a certificate.
 */
import {
  contextConstructed,
  contextPrimitive,
  type BitString,
  type DerReader,
} from '../encoding/der.ts'
import { readGeneralName, type GeneralName } from './general-name.ts'
import { readRdn, type RelativeName } from './name.ts'

/** The reasons that a CRL, or a distribution point, covers: bits of ReasonFlags (RFC 5280 §4.2.1.13), bit n as 2ⁿ. */
export type ReasonSet = number

/** Every reason but bit 0, which is unused. */
export const ALL_REASONS: ReasonSet = 0b1_1111_1110

export interface DistributionPoint {
  /** Names of kind `uri` are where the CRL is fetched. */
  readonly fullName: readonly GeneralName[]
  /** nameRelativeToCRLIssuer. */
  readonly relativeName?: RelativeName
  readonly reasons?: ReasonSet
  /** Who signs the CRL, when it is not the issuer of the certificate; empty: the issuer does. */
  readonly crlIssuer: readonly GeneralName[]
}

/** Read cRLDistributionPoints or freshestCRL. */
export function readDistributionPoints(r: DerReader, field: string): readonly DistributionPoint[] {
  return r.sequence(field).each(field, (list) => {
    const point = list.sequence(field)
    const names = readPointName(point, field)
    const reasons = readReasons(point, field, 1)
    const crlIssuer = point.explicit(2, field)?.each(field, (n) => readGeneralName(n, field)) ?? []
    point.end(field)
    return { ...names, ...(reasons !== undefined && { reasons }), crlIssuer }
  })
}

/** issuingDistributionPoint of a CRL: what it is about. */
export interface CrlScope {
  readonly fullName: readonly GeneralName[]
  readonly relativeName?: RelativeName
  readonly onlyUserCerts: boolean
  readonly onlyCaCerts: boolean
  readonly onlySomeReasons?: ReasonSet
  readonly indirect: boolean
  readonly onlyAttributeCerts: boolean
}

export function readIssuingDistributionPoint(r: DerReader): CrlScope {
  const field = 'issuingDistributionPoint'
  const inner = r.sequence(field)
  if (inner.atEnd) inner.reject(field, 'must not be empty (RFC 5280 §5.2.5)')
  const names = readPointName(inner, field)
  const onlyUserCerts = inner.flag(field, contextPrimitive(1))
  const onlyCaCerts = inner.flag(field, contextPrimitive(2))
  const onlySomeReasons = readReasons(inner, field, 3)
  const indirect = inner.flag(field, contextPrimitive(4))
  const onlyAttributeCerts = inner.flag(field, contextPrimitive(5))
  inner.end(field)
  return {
    ...names,
    onlyUserCerts,
    onlyCaCerts,
    ...(onlySomeReasons !== undefined && { onlySomeReasons }),
    indirect,
    onlyAttributeCerts,
  }
}

/** DistributionPointName, `[0]` in both structures. */
function readPointName(
  r: DerReader,
  field: string,
): Pick<DistributionPoint, 'fullName' | 'relativeName'> {
  const name = r.explicit(0, field)
  if (name === undefined) return { fullName: [] }
  const fullName = name.explicit(0, field)?.each(field, (n) => readGeneralName(n, field))
  const relativeName =
    fullName === undefined ? readRdn(name, field, contextConstructed(1)) : undefined
  name.end(field)
  return { fullName: fullName ?? [], ...(relativeName && { relativeName }) }
}

function readReasons(r: DerReader, field: string, n: number): ReasonSet | undefined {
  if (r.nextTag !== contextPrimitive(n)) return undefined
  const bits: BitString = r.bitString(field, contextPrimitive(n))
  let reasons = 0
  for (let bit = 0; bit < 9; bit++) {
    if (((bits.bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0) reasons |= 1 << bit
  }
  return reasons & ALL_REASONS
}
