/**
 * The Windows client that judges the certificate of NPS: for the tunnel of PEAP, and once more inside it for EAP-TLS.
 * No revocation: there is no network yet. What the client makes of its own certificates is `certificate-selection.ts`.
 */
import { remember, rememberEach } from '../../base/remember.ts'
import type { Certificate } from '../../pki/certificate/certificate.ts'
import { subjectOf } from '../../pki/certificate/certificate.ts'
import type { PathFailure, PathFailureCode } from '../../pki/profile/failure.ts'
import { dnsNamesOf } from '../../pki/profile/host-name.ts'
import { commonName } from '../../pki/certificate/name.ts'
import { EKU_OIDS } from '../../pki/encoding/oids.ts'
import type {
  Outcomes,
  PathFindings,
  RelyingPartyProfile,
  WindowsOutcome,
} from '../../pki/profile/profile.ts'
import { thumbprintsOf } from '../../pki/certificate/thumbprint.ts'
import type { OperatingSystem } from '../../topology/topology.ts'
import { ASSUMPTIONS, type Assumption, type Assumptions } from '../assumptions.ts'
import { denied } from '../nps/certificate-reasons.ts'
import { reasonOf, type NpsReason } from '../nps/reasons.ts'
import { outcome, type WindowsCode } from '../outcomes.ts'
import { isServerNamePattern, matchesServerName } from '../server-names.ts'
import { CHAIN, DATES, failureOf, outcomesOf, WINDOWS } from './common.ts'

/** How far the user may be asked about a server that cannot be verified ("Notifications before connecting"). */
export type PromptMode =
  /** DisableUserPromptForServerValidation. */
  | 'never'
  /** When the profile names no server or no root, or another one; not for a root that the computer does not have. */
  | 'if-not-specified'
  /** AllowPromptingWhenServerCANotFound: for a root that the computer does not have, too. */
  | 'if-not-verified'

export interface PeapClientSettings {
  readonly os?: OperatingSystem | undefined
  /** PerformServerValidation. False: any certificate will do. */
  readonly performServerValidation: boolean
  /** ServerNames, where AcceptServerName asks for them; empty: any name. */
  readonly serverNames: readonly string[]
  /** TrustedRootCA, thumbprints in lower-case hexadecimal. */
  readonly trustedRoots: readonly string[]
  readonly prompt: PromptMode
  /** The profile lists a root that the computer does not have: then nothing passes and nobody is asked. */
  readonly listsMissingRoot?: boolean
  /** What EAP-TLS inside the tunnel asks of the same certificate; absent: the tunnel's check is the only one. */
  readonly inner?: PeapClientSettings
}

/** The defaults of a profile that says nothing. */
export const PEAP_DEFAULTS: PeapClientSettings = {
  performServerValidation: true,
  serverNames: [],
  trustedRoots: [],
  prompt: 'if-not-specified',
}

/** Since Windows 11 an empty list of roots is no list: without the thumbprint of the root nothing passes. */
const needsListedRoot = (os: OperatingSystem | undefined): boolean =>
  os === 'windows-11' || os === 'windows-11-21h2'

/** What a certificate that is itself on the list need not have. */
const NOT_ASKED_OF_A_LISTED: readonly PathFailureCode[] = [
  'pki/untrusted-root',
  'pki/missing-intermediate',
  'pki/path-search-limit',
  'pki/root-not-accepted',
  'pki/name-mismatch',
]

/**
 * "Client → NPS cert": only with PerformServerValidation: chain; the root's thumbprint in TrustedRootCA (Windows 10: an empty list
 * means any trusted root; Windows 11: it means none, but the server's own thumbprint will do, too); the name in ServerNames (letter
 * case counts in Windows 11 21H2, build 22000, alone); Server Authentication; dates.
 * 864 root or chain · 812 name, or 853 where only letter case differs · 857 purpose · 858 dates.
 */
export function peapClient(
  settings: PeapClientSettings = PEAP_DEFAULTS,
  assume: Assumptions = ASSUMPTIONS,
): RelyingPartyProfile {
  const checks = [settings, ...(settings.inner === undefined ? [] : [settings.inner])].map((one) =>
    checkOf({ ...one, os: settings.os }, assume),
  )
  const usesPattern = [settings, settings.inner].some((one) =>
    one?.serverNames.some(isServerNamePattern),
  )
  return {
    name: 'peap-client',
    ...WINDOWS,
    purposes: [EKU_OIDS.serverAuth],
    revocation: 'none',
    demands: (path) => findingsOf(path, checks),
    overlooks: (failure, path) =>
      !isDemand(failure) && checks.every(({ overlooks }) => overlooks(failure, path)),
    order: [...CHAIN, ...DEMANDS, 'pki/wrong-eku', ...DATES],
    outcomes: outcomesFor(settings, assume),
    anchorOutcomes: ANCHOR_OUTCOMES,
    ...(usesPattern && { restsOn: { serverNamePattern: NAME_FAILURES } }),
  }
}

const NAME_FAILURES = ['pki/name-mismatch', 'pki/name-case-mismatch'] as const

const DEMANDS = [
  'pki/root-not-accepted',
  ...NAME_FAILURES,
] as const satisfies readonly PathFailureCode[]

const isDemand = ({ code }: PathFailure): boolean =>
  (DEMANDS as readonly PathFailureCode[]).includes(code)

/** One of the two times at which the certificate is checked. */
interface Check {
  readonly failures: (path: readonly Certificate[]) => readonly PathFailure[]
  readonly overlooks: (failure: PathFailure, path: readonly Certificate[]) => boolean
}

function checkOf(settings: PeapClientSettings, assume: Assumptions): Check {
  const { performServerValidation, trustedRoots, os } = settings
  const isListed = ([leaf]: readonly Certificate[]): boolean =>
    leaf !== undefined && needsListedRoot(os) && hasThumbprint(leaf, trustedRoots)
  return {
    failures: (path) => [...rootFailures(path, settings), ...nameFailures(path, settings, assume)],
    overlooks: ({ code }, path) =>
      !performServerValidation || (isListed(path) && NOT_ASKED_OF_A_LISTED.includes(code)),
  }
}

/** What one of the checks holds against the path is held against it; what both would, once. */
function findingsOf(path: readonly Certificate[], checks: readonly Check[]): PathFindings {
  const failures: PathFailure[] = []
  const tolerated: PathFailure[] = []
  for (const check of checks) {
    for (const failure of check.failures(path)) {
      const list = check.overlooks(failure, path) ? tolerated : failures
      if (!list.some(({ code }) => code === failure.code)) list.push(failure)
    }
  }
  return { failures, tolerated }
}

const hasThumbprint = (certificate: Certificate, list: readonly string[]): boolean =>
  thumbprintsOf(certificate).some((each) => list.includes(each))

function rootFailures(
  path: readonly Certificate[],
  { trustedRoots, os }: PeapClientSettings,
): readonly PathFailure[] {
  const root = path.at(-1)!
  if (hasThumbprint(root, trustedRoots)) return []
  const got = `root ${thumbprintsOf(root)[0]}`
  if (trustedRoots.length > 0) {
    const message = 'is a trusted root, but not one that TrustedRootCA lists'
    const expected = trustedRoots.join(' or ')
    return [failureOf(root, { code: 'pki/root-not-accepted', message, expected, got })]
  }
  if (!needsListedRoot(os)) return []
  const message = 'is a trusted root, but the profile lists none, and Windows 11 wants one'
  const expected = 'its thumbprint in TrustedRootCA'
  return [failureOf(root, { code: 'pki/root-not-accepted', message, expected, got })]
}

/** The common name, and every DNS name. */
function namesOf(leaf: Certificate): readonly string[] {
  const common = commonName(leaf.subject)
  return [...(common === undefined ? [] : [common]), ...dnsNamesOf(leaf)]
}

function nameFailures(
  [leaf]: readonly Certificate[],
  { serverNames, os }: PeapClientSettings,
  { serverNamePattern: pattern }: Assumptions,
): readonly PathFailure[] {
  if (leaf === undefined || serverNames.length === 0) return []
  const names = namesOf(leaf)
  const isCaseSensitive = os === 'windows-11-21h2'
  if (matchesServerName(serverNames, names, { isCaseSensitive, pattern })) return []
  const differsInCase =
    isCaseSensitive && matchesServerName(serverNames, names, { isCaseSensitive: false, pattern })
  return [
    failureOf(leaf, {
      code: differsInCase ? 'pki/name-case-mismatch' : 'pki/name-mismatch',
      message: differsInCase
        ? 'differs from ServerNames in letter case, which counts in Windows 11 21H2'
        : 'has none of the names that ServerNames lists',
      expected: serverNames.join(' or '),
      got: names.join(', ') || subjectOf(leaf),
    }),
  ]
}

const PROMPT = 'Continue connecting? The server cannot be verified.'

/** What the client shows, and what NPS logs of a client that turned it down. */
const rejected = (
  code: WindowsCode,
  reason: NpsReason,
  { restsOn = [], asks = false }: { restsOn?: readonly Assumption[]; asks?: boolean } = {},
): WindowsOutcome =>
  outcome(code, {
    reason: reasonOf(reason),
    events: [denied(reason)],
    ...(asks && { prompt: PROMPT }),
    ...(restsOn.length > 0 && { restsOn }),
  })

const ANCHOR_OUTCOMES: Outcomes = {
  'pki/certificate-expired': rejected('865', 23),
  'pki/certificate-not-yet-valid': rejected('865', 23),
  'pki/not-a-ca': rejected('865', 23),
}

type Asking = Pick<PeapClientSettings, 'prompt' | 'listsMissingRoot'>

/** Fifty outcomes, the same for every judgement that assumes the same and may ask as much. */
function outcomesFor({ prompt, listsMissingRoot = false }: Asking, assume: Assumptions): Outcomes {
  return peapOutcomes(assume)(`${prompt} ${listsMissingRoot}`, { prompt, listsMissingRoot })
}

const peapOutcomes = rememberEach((assume: Assumptions) =>
  remember((_key: string, asking: Asking) => makeOutcomes(asking, assume)),
)

function makeOutcomes({ prompt, listsMissingRoot = false }: Asking, assume: Assumptions): Outcomes {
  const mayAsk = prompt !== 'never' && !listsMissingRoot
  const distrust = assume.reasonOfClientDistrust
  const untrusted = rejected('864', distrust, {
    restsOn: ['reasonOfClientDistrust'],
    asks: mayAsk && prompt === 'if-not-verified',
  })
  const other = rejected(assume.peapOtherFault, 23, { restsOn: ['peapOtherFault'] })
  const name = { asks: mayAsk }
  return {
    ...outcomesOf(() => other),
    'pki/untrusted-root': untrusted,
    'pki/missing-intermediate': untrusted,
    'pki/path-search-limit': untrusted,
    'pki/root-not-accepted': rejected(assume.peapRootNotListed, distrust, {
      restsOn: ['peapRootNotListed', 'reasonOfClientDistrust'],
      asks: mayAsk,
    }),
    'pki/certificate-expired': rejected('858', 23),
    'pki/certificate-not-yet-valid': rejected('858', 23),
    'pki/name-mismatch': rejected('812', 23, name),
    'pki/name-case-mismatch': rejected('853', 23, name),
  }
}
