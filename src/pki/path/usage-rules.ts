/**
 * What the certificates of a path may be used for: extKeyUsage down the path (RFC 5280 §4.2.1.12), Microsoft's application policies,
 * keyUsage of the end entity (§4.2.1.3). Not the keyUsage of authorities: {@link ./path-rules.ts} looks at that.
 */
import { subjectOf, type Certificate } from '../certificate/certificate.ts'
import type { PathFailure } from '../profile/failure.ts'
import { OID, oidName } from '../encoding/oids.ts'
import type { RelyingPartyProfile } from '../profile/profile.ts'

/** The key purposes of a certificate, none where they cannot be read, and the OID that stands for each of them. */
function purposesOf(
  { extKeyUsage, applicationPolicies, unreadable = [] }: Certificate,
  { readsApplicationPolicies }: RelyingPartyProfile,
): { readonly purposes: readonly string[] | undefined; readonly any: string } {
  const isMalformed = unreadable.includes(OID.applicationPolicies)
  const instead = isMalformed ? [] : applicationPolicies
  return readsApplicationPolicies === true && instead !== undefined
    ? { purposes: instead, any: OID.anyApplicationPolicy }
    : { purposes: extKeyUsage, any: OID.anyExtendedKeyUsage }
}

function isFor(certificate: Certificate, purpose: string, profile: RelyingPartyProfile): boolean {
  const { purposes, any } = purposesOf(certificate, profile)
  if (purposes === undefined || purposes.includes(purpose)) return true
  return profile.anyPurposeSuffices && purposes.includes(any)
}

/**
 * An authority that has purposes limits what it issues to them, as Windows and browsers hold it: `path` (end entity first) must be good
 * for one purpose as a whole.
 */
export function purposeFailures(
  path: readonly Certificate[],
  profile: RelyingPartyProfile,
): readonly PathFailure[] {
  const { purposes } = profile
  if (purposes.length === 0) return []
  const isGoodFor = (purpose: string): boolean =>
    path.every((certificate) => isFor(certificate, purpose, profile))
  if (purposes.some(isGoodFor)) return []
  const unfit = path.filter(
    (certificate) => !purposes.some((purpose) => isFor(certificate, purpose, profile)),
  )
  const expected = purposes.map(oidName).join(' or ')
  // Where each alone would do, they share no purpose: told of the end entity.
  const told = unfit.length > 0 ? unfit : path.slice(0, 1)
  return told.map((certificate) => ({
    code: 'pki/wrong-eku',
    subject: subjectOf(certificate),
    message: unfit.length > 0 ? `is not for ${expected}` : 'shares no purpose with its authorities',
    expected,
    got: (purposesOf(certificate, profile).purposes ?? []).map(oidName).join(', '),
  }))
}

/** The bits that the relying party needs, in an end entity that has the extension. */
export function keyUsageFailures(
  path: readonly Certificate[],
  { keyUsage: needed = [] }: RelyingPartyProfile,
): readonly PathFailure[] {
  const leaf = path[0]
  const has = leaf?.keyUsage
  if (leaf === undefined || has === undefined || needed.every((bit) => has.includes(bit))) return []
  return [
    {
      code: 'pki/wrong-key-usage',
      subject: subjectOf(leaf),
      message: 'has a key that is not for what is done with it here',
      expected: `keyUsage ${needed.join(', ')}`,
      got: has.join(', '),
    },
  ]
}
