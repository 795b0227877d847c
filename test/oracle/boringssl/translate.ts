/**
 * BoringSSL's errors, trusts and purposes in the terms of this project. One error has one code, or two where ours tell apart what it
 * calls by one name.
 */
import type { Certificate } from '../../../src/pki/certificate/certificate.ts'
import type { PathFailureCode } from '../../../src/pki/profile/failure.ts'
import { EKU_OIDS, OID } from '../../../src/pki/encoding/oids.ts'
import type { ChainQuestion } from '../../../src/pki/path/path.ts'
import type { AnchorRules, RelyingPartyProfile } from '../../../src/pki/profile/profile.ts'
import { verifySignature } from '../../../src/pki/keys/signature.ts'
import { PROFILES } from '../../../src/windows/relying-parties.ts'
import {
  demandsOf,
  endEntityIsNoAuthority,
  mixesNoPurposes,
  needsExtKeyUsage,
  type WebRule,
} from '../../../src/pki/profile/web-rules.ts'

const ERRORS: readonly (readonly [RegExp, readonly PathFailureCode[]])[] = [
  [/^The extended key usage /, ['pki/wrong-eku']],
  [/^Certificate does not have extended key usage/, ['pki/wrong-eku']],
  [/^KeyUsage must have only/, ['pki/wrong-key-usage']],
  [/^Unconsumed critical extension/, ['pki/unknown-critical-extension']],
  [/^No valid policy/, ['pki/policy']],
  [/^Too many name constraints checks/, ['pki/name-constraint']],
  [/^VerifySignedData failed/, ['pki/bad-signature']],
  [/^Couldn't parse SubjectPublicKeyInfo/, ['pki/bad-signature']],
  [/^Time is after notAfter/, ['pki/certificate-expired']],
  [/^Time is before notBefore/, ['pki/certificate-not-yet-valid']],
  // Where the chain ends: in a root, or in something whose issuer is not there.
  [/^Certificate is not a trust anchor/, ['pki/untrusted-root', 'pki/missing-intermediate']],
  [/^subject does not match issuer/, ['pki/untrusted-root', 'pki/missing-intermediate']],
  [/^Distrusted by trust store/, ['pki/distrusted']],
  [/^Certificate has Basic Constraints indicating it is a CA/, ['pki/not-conforming']],
  [/^max_path_length reached/, ['pki/path-too-long']],
  [/^keyCertSign bit is not set/, ['pki/not-a-ca']],
  [/^Does not have Basic Constraints/, ['pki/not-a-ca']],
  [/^Basic Constraints indicates not a CA/, ['pki/not-a-ca']],
  [/^Unacceptable (?:signature algorithm|public key)/, ['pki/weak-algorithm']],
]

/** The codes that say what `text` says; none for an error that has no counterpart here. */
export const codesFor = (text: string): readonly PathFailureCode[] =>
  ERRORS.find(([pattern]) => pattern.test(text))?.[1] ?? []

/** What RFC 5280 §6.1.1 (d) takes of an anchor, and each addition that the suite names. */
function anchorRules(trust: string): AnchorRules {
  const constrains = /WITH_(?:EXPIRATION_AND_)?CONSTRAINTS/.test(trust)
  return {
    dates: trust.includes('EXPIRATION'),
    constraints: constrains,
    basicConstraints: trust.includes('REQUIRE_BASIC_CONSTRAINTS'),
    policies: constrains,
    endEntities: false,
  }
}

/** The last certificate of a chain in the part that its trust gives it. */
export function trustOf(
  trust: string,
  last: Certificate,
): Pick<ChainQuestion, 'anchors' | 'trustedPeers' | 'distrusted'> {
  const isAnchor = trust.startsWith('TRUSTED_ANCHOR')
  const mustSign = trust.includes('REQUIRE_SELF_SIGNED')
  const isPeer =
    trust.includes('LEAF') && (!mustSign || verifySignature(last, last.spki) === 'good')
  return {
    anchors: isAnchor ? [last] : [],
    trustedPeers: isPeer ? [last] : [],
    distrusted: trust === 'DISTRUSTED' ? [last] : [],
  }
}

const RCS_MLS_CLIENT = '2.23.146.2.1.3'
const RCS_EXTENSIONS: ReadonlySet<string> = new Set(['2.23.146.2.1.4', '2.23.146.2.1.5'])
const EMAIL_PROTECTION = '1.3.6.1.5.5.7.3.4'
const TIME_STAMPING = '1.3.6.1.5.5.7.3.8'
const DOCUMENT_SIGNING = '1.3.6.1.5.5.7.3.36'
const PURPOSES: Readonly<Record<string, readonly string[]>> = {
  ANY_EKU: [],
  SERVER_AUTH: [EKU_OIDS.serverAuth],
  CLIENT_AUTH: [EKU_OIDS.clientAuth],
  C2PA_TIMESTAMPING: [],
  C2PA_MANIFEST: [],
  MLS_CLIENT_AUTH: [RCS_MLS_CLIENT],
}

/** What one application (messaging) demands of its own certificates, authorities included. */
const hasMlsPurposeAlone: WebRule = ({ extKeyUsage }, place) => {
  if (place === 'root' || String(extKeyUsage) === RCS_MLS_CLIENT) return []
  return [{ code: 'pki/wrong-eku', rule: 'RCS', message: 'is not for messaging alone' }]
}

/** What content credentials demand of the end entity; its authorities may have purposes of their own. */
const hasPurposeOf =
  (purposes: readonly string[]): WebRule =>
  ({ extKeyUsage = [] }, place) => {
    if (place !== 'end entity' || purposes.some((purpose) => extKeyUsage.includes(purpose)))
      return []
    return [{ code: 'pki/wrong-eku', rule: 'C2PA', message: 'is not for content credentials' }]
  }

const OWN_RULES = new Map<string, readonly WebRule[]>([
  ['MLS_CLIENT_AUTH', [hasMlsPurposeAlone]],
  ['C2PA_TIMESTAMPING', [hasPurposeOf([TIME_STAMPING])]],
  ['C2PA_MANIFEST', [hasPurposeOf([EMAIL_PROTECTION, DOCUMENT_SIGNING])]],
])

/** The relying party that a purpose stands for. STRICT: what browsers demand of the end entity, and of authorities, too. */
export function profileFor(purpose: string, trust: string, isStrong: boolean): RelyingPartyProfile {
  const kind = purpose.replace(/_STRICT.*$/, '')
  const web = [needsExtKeyUsage, mixesNoPurposes, endEntityIsNoAuthority]
  const rules = OWN_RULES.get(kind) ?? (purpose.includes('_STRICT') ? web : [])
  return {
    ...PROFILES.strict,
    purposes: PURPOSES[kind] ?? [OID.anyExtendedKeyUsage],
    anyPurposeSuffices: !purpose.endsWith('_STRICT'),
    anchorRules: anchorRules(trust),
    revocation: 'none',
    demandsConformance: false,
    strength: { modulusMin: 1024, curveMin: 224, allowsSha1: !isStrong },
    processes: kind === 'MLS_CLIENT_AUTH' ? RCS_EXTENSIONS : new Set(),
    demands: demandsOf(rules),
  }
}
