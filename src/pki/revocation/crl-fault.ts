/**
 * Why a CRL cannot be relied on: who signed it, what it carries (RFC 5280 §5, §6.3.3 (f), (g)).
 * Not whom it is about: {@link ./crl-scope.ts} has that.
 */
import { subjectOf, type Certificate } from '../certificate/certificate.ts'
import type { Crl } from './crl.ts'
import { OID, oidName } from '../encoding/oids.ts'
import type { VerifySignature } from '../keys/signature.ts'

export interface CrlFault {
  /** Follows the CRL's name in a sentence. */
  readonly what: string
  readonly expected: string
  readonly got: string
}

export interface CrlReliance {
  readonly issuer: Certificate
  /** Other certificates that may have signed it, each valid for the same anchors. */
  readonly crlSigners: (crl: Crl) => readonly Certificate[]
  readonly demandsConformance: boolean
  readonly verify: VerifySignature
}

export function crlFault(crl: Crl, reliance: CrlReliance): CrlFault | undefined {
  const fault = signerFault(crl, reliance)
  if (fault !== undefined) return fault
  if (crl.unknownCritical.length > 0) {
    const got = crl.unknownCritical.join(', ')
    const expected = 'extensions that are processed here'
    return { what: 'has critical extensions that are not processed here', expected, got }
  }
  return undefined
}

/** The issuer's own key first; another one only where that did not sign. */
function signerFault(crl: Crl, reliance: CrlReliance): CrlFault | undefined {
  const { issuer, crlSigners, demandsConformance, verify } = reliance
  const ownName = crl.issuer.key === issuer.subject.key
  const own = ownName ? verify(crl, issuer.spki) : 'bad'
  const isDemanding = (signer: Certificate) => usageFault(signer, demandsConformance)
  if (own === 'good') return isDemanding(issuer)
  const faults = crlSigners(crl).map(isDemanding)
  if (faults.length > 0) return faults.includes(undefined) ? undefined : faults[0]
  const expected = `a signature by ${ownName ? subjectOf(issuer) : crl.issuer.text}`
  return { what: 'does not verify', expected, got: `${own} signature` }
}

function usageFault({ keyUsage }: Certificate, demandsConformance: boolean): CrlFault | undefined {
  const suffices = keyUsage === undefined ? !demandsConformance : keyUsage.includes('cRLSign')
  if (suffices) return undefined
  const got = keyUsage?.join(', ') ?? 'no keyUsage'
  return { what: 'is signed with a key that is not for CRLs', expected: 'keyUsage cRLSign', got }
}

const CRITICALITY = new Map<string, boolean>([
  [OID.cRLNumber, false],
  [OID.authorityKeyIdentifier, false],
  [OID.freshestCRL, false],
  [OID.issuingDistributionPoint, true],
  [OID.deltaCRLIndicator, true],
])

/** What RFC 5280 §5.2 demands of those who issue CRLs and `crl` does not meet. */
export function crlBreach(crl: Crl): CrlFault | undefined {
  const what = 'is not as RFC 5280 §5.2 demands'
  if (crl.number === undefined) return { what, expected: 'a cRLNumber', got: 'none' }
  const odd = crl.extensions.find(({ oid, critical }) => CRITICALITY.get(oid) === !critical)
  if (odd === undefined) return undefined
  const expected = `${oidName(odd.oid)} ${odd.critical ? 'not critical' : 'critical'}`
  return { what, expected, got: odd.critical ? 'critical' : 'not critical' }
}
