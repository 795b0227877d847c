/**
 * Which of its own certificates a Windows program shows: the client in EAP-TLS and in a device tunnel, the gateway in IKEv2, NPS in
 * PEAP. Each answer says why the others were passed over. Not a judgement: a relying party may still turn down what is shown.
 */
import { formatInstant, type Instant } from '../base/time.ts'
import type { Certificate } from '../pki/certificate/certificate.ts'
import type { Name } from '../pki/certificate/name.ts'
import { EKU_OIDS, OID } from '../pki/encoding/oids.ts'
import type { WindowsOutcome } from '../pki/profile/profile.ts'
import { thumbprintsOf } from '../pki/certificate/thumbprint.ts'
import { ASSUMPTIONS, type Assumptions } from './assumptions.ts'
import type { CertificateFilter } from './eap-config.ts'
import { denied } from './nps/certificate-reasons.ts'
import { reasonOf, type NpsReason } from './nps/reasons.ts'
import { outcome, type WindowsCode } from './outcomes.ts'

/** A certificate in a store of the computer or the user. */
export interface Candidate {
  readonly name: string
  readonly certificate: Certificate
  /** Its issuers as far as they are known, nearest first. */
  readonly chain: readonly Certificate[]
  readonly hasPrivateKey: boolean
}

export interface PassedOver {
  readonly name: string
  readonly why: string
}

export interface Selection {
  /** Absent: none, or the user is asked. */
  readonly selected?: Candidate
  /** The user chooses among these. */
  readonly asks?: readonly Candidate[]
  readonly passedOver: readonly PassedOver[]
  /** What is shown where nothing can be selected. */
  readonly windows?: WindowsOutcome
  /** Nothing prefers the one that was selected to these: Windows may take another one the next time. */
  readonly equals?: readonly Candidate[]
}

/** Why a certificate is not taken; undefined: it may be. */
type Rule = (candidate: Candidate) => string | undefined

/** What every rule lets through, and why the rest is not. */
function sift(
  candidates: readonly Candidate[],
  rules: readonly Rule[],
): { readonly fit: readonly Candidate[]; readonly passedOver: readonly PassedOver[] } {
  const fit: Candidate[] = []
  const passedOver: PassedOver[] = []
  for (const candidate of candidates) {
    const why = rules.map((rule) => rule(candidate)).find((reason) => reason !== undefined)
    if (why === undefined) fit.push(candidate)
    else passedOver.push({ name: candidate.name, why })
  }
  return { fit, passedOver }
}

const hasKey: Rule = ({ hasPrivateKey }) => (hasPrivateKey ? undefined : 'has no private key here')

const isCurrent =
  (at: Instant): Rule =>
  ({ certificate: { notBefore, notAfter } }) => {
    if (at > notAfter) return `expired on ${formatInstant(notAfter)}`
    return at < notBefore ? `is valid only from ${formatInstant(notBefore)}` : undefined
  }

/** AnyPurpose as the certificate filter of EAP knows it. */
const ANY_PURPOSE = '1.3.6.1.4.1.311.10.12.1'
/** "All Purpose": the OID 0, or no extKeyUsage at all. */
const ALL_PURPOSE = '0'

const purposesOf = ({ certificate }: Candidate): readonly string[] | undefined =>
  certificate.extKeyUsage

const isFor = (candidate: Candidate, purpose: string): boolean => {
  const purposes = purposesOf(candidate)
  return (
    purposes === undefined ||
    [purpose, ANY_PURPOSE, OID.anyExtendedKeyUsage].some((oid) => purposes.includes(oid))
  )
}

const isForPurpose =
  (purpose: string, name: string): Rule =>
  (candidate) =>
    isFor(candidate, purpose) ? undefined : `is not for ${name}`

const names = (candidate: Candidate, oid: string): boolean =>
  purposesOf(candidate)?.includes(oid) === true

/** `1.3.6.1.4.1.311.*` stands for every OID below 1.3.6.1.4.1.311. */
const matchesEku = (candidate: Candidate, wanted: string): boolean =>
  wanted.endsWith('.*')
    ? (purposesOf(candidate) ?? []).some((oid) => oid.startsWith(wanted.slice(0, -1)))
    : names(candidate, wanted)

const passesFilter =
  ({ issuers, allPurpose, clientAuth, anyPurpose }: CertificateFilter): Rule =>
  (candidate) => {
    const isIssued =
      issuers === undefined || candidate.chain.some((issuer) => isListed(issuer, issuers))
    if (!isIssued) return 'was issued by none of the authorities in CAHashList'
    if (!allPurpose && clientAuth === undefined && anyPurpose === undefined) {
      return isForClients(candidate)
    }
    const purposes = purposesOf(candidate)
    const hasAll = (base: string, list: readonly string[] | undefined): boolean =>
      list !== undefined &&
      names(candidate, base) &&
      list.every((oid) => matchesEku(candidate, oid))
    const isAccepted =
      (allPurpose && (purposes === undefined || purposes.includes(ALL_PURPOSE))) ||
      hasAll(EKU_OIDS.clientAuth, clientAuth) ||
      hasAll(ANY_PURPOSE, anyPurpose)
    return isAccepted ? undefined : 'has none of the purposes that the profile’s filter asks for'
  }

const isForClients = isForPurpose(EKU_OIDS.clientAuth, 'client authentication')

const isListed = (certificate: Certificate, thumbprints: readonly string[]): boolean =>
  thumbprintsOf(certificate).some((each) => thumbprints.includes(each))

/** The one issued last; of several, the first by name, so that equal stores give equal answers. */
const newestFirst = (candidates: readonly Candidate[]): readonly Candidate[] =>
  candidates.toSorted(
    (a, b) => b.certificate.notBefore - a.certificate.notBefore || (a.name < b.name ? -1 : 1),
  )

/** Take the newest of `best`; all others that were fit are passed over for a reason. */
function take(
  best: readonly Candidate[],
  fit: readonly Candidate[],
  passedOver: readonly PassedOver[],
  why: string,
): Selection {
  const [selected, ...rest] = newestFirst(best)
  const lesser = fit.filter((candidate) => !best.includes(candidate))
  return {
    ...(selected !== undefined && { selected }),
    passedOver: [
      ...passedOver,
      ...lesser.map(({ name }) => ({ name, why })),
      ...rest.map(({ name }) => ({ name, why: 'is older' })),
    ],
  }
}

export interface EapTlsSelectionSettings {
  readonly filter?: CertificateFilter
  /** SimpleCertSelection: take the best one, and do not ask. */
  readonly simpleCertSelection: boolean
}

/**
 * "Client picks own cert (EAP-TLS)": a private key, dates, Client Authentication, the profile's filter. With SimpleCertSelection the
 * newest of what is left; without it the user chooses among several. None: 798.
 */
export function selectForEapTls(
  candidates: readonly Candidate[],
  { filter, simpleCertSelection }: EapTlsSelectionSettings,
  at: Instant,
): Selection {
  const { fit, passedOver } = sift(candidates, [
    hasKey,
    isCurrent(at),
    filter === undefined ? isForClients : passesFilter(filter),
  ])
  if (fit.length === 0) return { passedOver, windows: outcome('798') }
  if (fit.length > 1 && !simpleCertSelection) return { asks: newestFirst(fit), passedOver }
  return take(fit, fit, passedOver, 'is older')
}

/**
 * The computer's certificate in a device tunnel: a private key, dates, Client Authentication, and a chain to a root that the gateway
 * names in CERTREQ. IP security IKE intermediate is preferred; without it any of several may be taken. None: 13806.
 */
export function selectForDeviceTunnel(
  candidates: readonly Candidate[],
  requested: readonly Name[],
  at: Instant,
): Selection {
  const { fit, passedOver } = sift(candidates, [
    hasKey,
    isCurrent(at),
    isForClients,
    ({ certificate, chain }) =>
      [certificate.issuer, ...chain.map(({ issuer }) => issuer)].some((issuer) =>
        requested.some(({ key }) => key === issuer.key),
      )
        ? undefined
        : 'chains to no root that the gateway asks for',
  ])
  return preferIkeIntermediate(fit, passedOver)
}

/**
 * The gateway's certificate for IKEv2: a private key, Server Authentication. Where several have that, the one with IP security IKE
 * intermediate as well; without it any of them may be taken, and clients see 13801 now and then. No certificate at all: 13806.
 * One that has expired, or is not for servers, is shown for want of a better one: clients turn it down.
 */
export function selectForIke(candidates: readonly Candidate[], at: Instant): Selection {
  const keyed = sift(candidates, [hasKey])
  const good = sift(keyed.fit, [
    isForPurpose(EKU_OIDS.serverAuth, 'server authentication'),
    isCurrent(at),
  ])
  const isLast = good.fit.length === 0
  return preferIkeIntermediate(
    isLast ? keyed.fit : good.fit,
    isLast ? keyed.passedOver : [...keyed.passedOver, ...good.passedOver],
  )
}

function preferIkeIntermediate(
  fit: readonly Candidate[],
  passedOver: readonly PassedOver[],
): Selection {
  if (fit.length === 0) return { passedOver, windows: outcome('13806') }
  const marked = fit.filter((candidate) => names(candidate, EKU_OIDS.ikeIntermediate))
  const best = marked.length > 0 ? marked : fit
  const selection = take(best, fit, passedOver, 'is not marked IP security IKE intermediate')
  const equals = best.filter((candidate) => candidate !== selection.selected)
  return equals.length === 0 ? selection : { ...selection, equals }
}

/**
 * The certificate of NPS: the one that the network policy names, in the store with its private key, with a subject, for server
 * authentication, within its dates. Otherwise EAP fails: event 6273 says reason 23 (or 22), the client shows 864, 858, 866 or 812.
 */
export function selectForNps(
  candidates: readonly Candidate[],
  selectedInPolicy: string | undefined,
  at: Instant,
  assume: Assumptions = ASSUMPTIONS,
): Selection {
  const chosen = candidates.find(({ name }) => name === selectedInPolicy)
  const others = candidates
    .filter((candidate) => candidate !== chosen)
    .map(({ name }) => ({ name, why: 'is not selected in the network policy' }))
  const reason = assume.reasonOfNoServerCertificate
  if (chosen === undefined) return { passedOver: others, windows: npsFault('864', reason) }
  const fault = npsRules(at)
    .map(([code, rule]) => ({ code, why: rule(chosen) }))
    .find(({ why }) => why !== undefined)
  if (fault?.why === undefined) return { selected: chosen, passedOver: others }
  return {
    passedOver: [{ name: chosen.name, why: fault.why }, ...others],
    windows: npsFault(fault.code, reason),
  }
}

const npsRules = (at: Instant): readonly (readonly [WindowsCode, Rule])[] => [
  ['864', hasKey],
  ['866', ({ certificate }) => (certificate.subject.text === '' ? 'has no subject' : undefined)],
  ['812', isForPurpose(EKU_OIDS.serverAuth, 'server authentication')],
  ['858', isCurrent(at)],
]

const npsFault = (code: WindowsCode, reason: NpsReason): WindowsOutcome =>
  outcome(code, {
    reason: reasonOf(reason),
    events: [denied(reason)],
    restsOn: ['reasonOfNoServerCertificate'],
  })
