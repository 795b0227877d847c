/**
 * Relying parties that follow a document and no program. Windows' own are in `windows/relying-parties.ts`.
 */
import { EKU_OIDS } from '../encoding/oids.ts'
import type { RelyingPartyProfile } from './profile.ts'
import { demandsOf, WEB_RULES } from './web-rules.ts'

/** RFC 5280 to the letter for a TLS server, 112 bits of security (NIST SP 800-57 part 1, SP 800-131A); no fetching of missing issuers. */
export const STRICT: RelyingPartyProfile = {
  name: 'strict',
  purposes: [EKU_OIDS.serverAuth],
  anyPurposeSuffices: false,
  commonName: 'never',
  constrainsCommonName: false,
  revocation: 'hard',
  demandsConformance: true,
  strength: { modulusMin: 2048, curveMin: 224, allowsSha1: false },
  fetchesIntermediates: false,
  outcomes: {},
}

/**
 * RFC 5280 and the CA/Browser Forum's Baseline Requirements on top: where those allow what RFC 5280 forbids (name constraints that are not
 * critical), RFC 5280 is followed. Of public suffixes it knows none; who has Mozilla's list adds `isPublicSuffix`.
 */
export const WEBPKI: RelyingPartyProfile = {
  ...STRICT,
  name: 'webpki',
  demands: demandsOf(WEB_RULES),
}
