/**
 * The gateway (RRAS) that judges a computer's certificate in a device tunnel. Not NPS, and no account: whoever holds a certificate that
 * passes is let in, so a lost device stays welcome until it is revoked and the gateway looks at revocation.
 */
import type { Certificate } from '../../pki/certificate/certificate.ts'
import type { PathFailure, PathFailureCode } from '../../pki/profile/failure.ts'
import type { Name } from '../../pki/certificate/name.ts'
import { EKU_OIDS } from '../../pki/encoding/oids.ts'
import type {
  LoggedEvent,
  PathFindings,
  RelyingPartyProfile,
  WindowsOutcome,
} from '../../pki/profile/profile.ts'
import type { RevocationSpec } from '../../topology/revocation.ts'
import { ASSUMPTIONS, type Assumptions } from '../assumptions.ts'
import { outcome } from '../outcomes.ts'
import { gatewayRevocation } from '../revocation-switches.ts'
import {
  acceptedPurposeFailures,
  CHAIN,
  DATES,
  failureOf,
  outcomesOf,
  REVOCATION,
  WINDOWS,
} from './common.ts'

export interface GatewayDeviceSettings {
  /** RootCertificateNameToAccept, which RRAS keeps as a list of subject names. Empty: any root that the computer trusts. */
  readonly rootNames?: readonly Name[]
  /** CertificateEKUsToAccept, OIDs. Empty: Client Authentication. */
  readonly ekus?: readonly string[]
  /** CertAuthFlags counts: RRAS does not look at revocation unless told to. */
  readonly switches?: RevocationSpec
}

/**
 * "Gateway → device cert": chain to a root of the list (any trusted root of one of these NAMES passes, and every trusted root where
 * the list is empty), Client Authentication or a purpose of CertificateEKUsToAccept, dates, revocation with CertAuthFlags=4 only.
 * On the wire the answer is AUTHENTICATION_FAILED, whatever the cause, and the device shows 13801.
 */
export function gatewayDevice(
  { rootNames = [], ekus = [], switches }: GatewayDeviceSettings = {},
  assume: Assumptions = ASSUMPTIONS,
): RelyingPartyProfile {
  return {
    name: 'gateway-device',
    ...WINDOWS,
    purposes: ekus.length === 0 ? [EKU_OIDS.clientAuth] : [],
    ...gatewayRevocation(switches).profile,
    demands: (path) => ({
      failures: [
        ...rootFailures(path, rootNames),
        ...acceptedPurposeFailures(path, ekus, NOT_ACCEPTED),
      ],
      tolerated: rootNames.length === 0 ? [anyRoot(path)] : [],
    }),
    order: [
      ...CHAIN,
      'pki/root-not-accepted',
      'pki/wrong-eku',
      'pki/eku-not-accepted',
      ...DATES,
      ...REVOCATION,
    ],
    outcomes: {
      ...outcomesOf((code) => deviceOutcome(code, assume)),
      'pki/root-not-accepted': outcome('13801'),
      'pki/eku-not-accepted': outcome('13801'),
    },
  }
}

const NOT_ACCEPTED = 'has none of the purposes of CertificateEKUsToAccept'

/** The gateway's own trace tells revocation apart; the device is told nothing. */
const CRL_FAILED: LoggedEvent = {
  on: 'gateway',
  source: 'IKEEXT trace',
  id: 13848,
  text: 'ERROR_IPSEC_IKE_PEER_CRL_FAILED: revocation of the peer’s certificate could not be ruled out',
}

function deviceOutcome(code: PathFailureCode, assume: Assumptions): WindowsOutcome {
  if (!(REVOCATION as readonly PathFailureCode[]).includes(code)) return outcome('13801')
  return outcome(assume.deviceCodeWithoutCrl, {
    events: [CRL_FAILED],
    restsOn: ['deviceCodeWithoutCrl'],
  })
}

const anyRoot = (path: readonly Certificate[]): PathFailure =>
  failureOf(path.at(-1)!, {
    code: 'pki/root-not-accepted',
    message: 'any trusted root would do: RootCertificateNameToAccept is not set',
    expected: 'the name of the root that issues to devices',
    got: 'no name',
  })

function rootFailures(
  path: readonly Certificate[],
  rootNames: readonly Name[],
): PathFindings['failures'] {
  const root = path.at(-1)!
  if (rootNames.length === 0 || rootNames.some(({ key }) => key === root.subject.key)) return []
  return [
    failureOf(root, {
      code: 'pki/root-not-accepted',
      message: 'is a trusted root, but not one that RootCertificateNameToAccept names',
      expected: rootNames.map(({ text }) => text).join(' or '),
      got: root.subject.text,
    }),
  ]
}
