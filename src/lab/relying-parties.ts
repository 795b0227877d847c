/**
 * Who judges on a node of a topology: the profile of a relying party, with the settings that the node, its ProfileXML and its domain
 * give it. Not the judgement: `node/relying-party.ts` makes it over the network. Registry values count as they were at the last boot.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Instant } from '../base/time.ts'
import { kdcRestsOn } from '../directory/kdc.ts'
import type { PathFailureCode } from '../pki/failure.ts'
import { nameFrom, type Name } from '../pki/name.ts'
import type { RelyingPartyProfile, RevocationMode } from '../pki/profile.ts'
import { thumbprintsOf } from '../pki/thumbprint.ts'
import type { EapRegistrySpec, VpnClientSpec } from '../topology/services.ts'
import type { OperatingSystem } from '../topology/topology.ts'
import { ASSUMPTIONS, type Assumptions } from '../windows/assumptions.ts'
import type { ServerValidation } from '../windows/eap-config.ts'
import { PROFILES, type ProfileName } from '../windows/relying-parties.ts'
import { gatewayDevice } from '../windows/relying-parties/gateway-device.ts'
import { ikeClient } from '../windows/relying-parties/ike-client.ts'
import { npsUser, type NpsUserSettings } from '../windows/relying-parties/nps-user.ts'
import {
  PEAP_DEFAULTS,
  peapClient,
  type PeapClientSettings,
} from '../windows/relying-parties/peap-client.ts'
import { sstpClient } from '../windows/relying-parties/sstp-client.ts'
import type { Compiled } from './compile.ts'
import { ipNodeOf, serviceOf } from './inventory.ts'

export interface PartyQuestion {
  readonly as: ProfileName
  /** Node that judges. */
  readonly node: string
  readonly compiled: Compiled
  /** What was true when the node booted: what it reads its registry from. */
  readonly booted: Compiled
  readonly at: Instant
  /** Thumbprints of the roots that the node trusts. */
  readonly roots: readonly string[]
  readonly assume?: Partial<Assumptions>
}

export interface Party {
  readonly profile: RelyingPartyProfile
  /** Whether it looks for the name that was dialled: others know by other means whom they deal with. */
  readonly asksName: boolean
  /** What does not count yet. */
  readonly notes: readonly string[]
}

/** The relying party `as` on a node; one whose settings the node does not have gets Windows' defaults. */
export function relyingPartyOf(question: PartyQuestion): Party {
  const assume = { ...ASSUMPTIONS, ...question.assume }
  const notes = pendingReboot(question)
  switch (question.as) {
    case 'ike-client':
    case 'sstp-client':
      return { profile: vpnServerJudge(question, assume), asksName: true, notes }
    case 'gateway-device':
      return { profile: deviceJudge(question, assume), asksName: false, notes }
    case 'peap-client':
      return { profile: peapClient(peapSettings(question), assume), asksName: false, notes: [] }
    case 'nps-user':
      return { profile: userJudge(question, assume), asksName: false, notes }
    default:
      return { profile: PROFILES[question.as], asksName: true, notes: [] }
  }
}

const clientOf = ({ topology }: Compiled, node: string): VpnClientSpec => {
  const spec = ipNodeOf(topology, node)
  return spec?.kind === 'host' ? (spec.vpnClient ?? {}) : {}
}

const VALIDATION_LEVELS: Readonly<
  Record<NonNullable<VpnClientSpec['certValidationLevel']>, RevocationMode>
> = { none: 'none', 'attempt-crl-check': 'soft', 'require-crl-check': 'hard' }

function vpnServerJudge(
  { as, node, compiled, booted }: PartyQuestion,
  assume: Assumptions,
): RelyingPartyProfile {
  if (as === 'sstp-client') {
    const { noCertRevocationCheck = false } = clientOf(booted, node)
    return sstpClient({ noCertRevocationCheck }, assume)
  }
  const { certValidationLevel: level, disableIkeNameEkuCheck = false } = clientOf(compiled, node)
  const revocation = level && VALIDATION_LEVELS[level]
  return ikeClient(
    { disableNameEkuCheck: disableIkeNameEkuCheck, ...(revocation && { revocation }) },
    assume,
  )
}

/** The bit of CertAuthFlags that makes RRAS look at revocation. */
const CHECK_REVOCATION = 4

/** A name that is none equals no root's: the list must not become an empty one, which would let every root in. */
const unreadable = (text: string): Name => ({
  rdns: [],
  text,
  key: `unreadable ${text}`,
  der: new Uint8Array(),
})

function deviceJudge(
  { node, compiled, booted }: PartyQuestion,
  assume: Assumptions,
): RelyingPartyProfile {
  const device = serviceOf(compiled.topology, node, 'vpn-gateway')?.deviceTunnel
  const flags = serviceOf(booted.topology, node, 'vpn-gateway')?.deviceTunnel?.certAuthFlags ?? 0
  const names = device?.rootCertificateNames ?? []
  return gatewayDevice(
    {
      rootNames: names.map((text) => nameFrom(text) ?? unreadable(text)),
      ekus: device?.ekus ?? [],
      revocation: (flags & CHECK_REVOCATION) === 0 ? 'none' : 'hard',
    },
    assume,
  )
}

/** What the user tunnel's profile on the node says of NPS; without one, what a new profile says. */
export function peapSettings({ node, compiled, roots }: PartyQuestion): PeapClientSettings {
  const eap = compiled.profiles.get(node)?.user?.nativeProfile?.eap
  const os = ipNodeOf(compiled.topology, node)?.os
  if (eap?.server === undefined) return { ...PEAP_DEFAULTS, os }
  const outer = validationSettings(eap.server, os, roots)
  const inner = eap.innerType === undefined ? undefined : eap.tls?.server
  return inner === undefined ? outer : { ...outer, inner: validationSettings(inner, os, roots) }
}

function validationSettings(
  { performs, acceptsServerName, serverNames, trustedRoots, prompt }: ServerValidation,
  os: OperatingSystem | undefined,
  roots: readonly string[],
): PeapClientSettings {
  const listed = trustedRoots.map(({ value }) => value)
  return {
    os,
    performServerValidation: performs,
    serverNames: acceptsServerName ? serverNames.map(({ value }) => value) : [],
    trustedRoots: listed,
    prompt,
    listsMissingRoot: listed.some((each) => !roots.includes(each)),
  }
}

function userJudge(
  { node, compiled, booted, at }: PartyQuestion,
  assume: Assumptions,
): RelyingPartyProfile {
  const { directory } = compiled
  const service = serviceOf(compiled.topology, node, 'nps')
  const registry = serviceOf(booted.topology, node, 'nps')?.eapRegistry ?? {}
  const profile = npsUser(
    {
      allowedCertificateOids: service?.allowedCertificateOids ?? [],
      ...revocationOf(registry),
      ...(directory !== undefined && {
        directory,
        ntAuth: compiled.ntAuth().flatMap(thumbprintsOf),
      }),
    },
    assume,
  )
  const restsOn = directory === undefined ? [] : kdcRestsOn(directory, at)
  return restsOn.length === 0 ? profile : { ...profile, restsOn }
}

const NOT_CHECKABLE: readonly PathFailureCode[] = ['pki/no-crl-distribution-point']
const OFFLINE: readonly PathFailureCode[] = [
  'pki/crl-unreachable',
  'pki/crl-expired',
  'pki/ocsp-unreachable',
  'pki/ocsp-expired',
]

/** What the registry of EAP makes of revocation. A certificate that is on a list is refused whatever it says, but for the third. */
const revocationOf = ({
  ignoreNoRevocationCheck,
  ignoreRevocationOffline,
  noRevocationCheck,
}: EapRegistrySpec): Pick<NpsUserSettings, 'revocation' | 'forgives'> => ({
  revocation: noRevocationCheck === true ? 'none' : 'hard',
  forgives: [
    ...(ignoreNoRevocationCheck === true ? NOT_CHECKABLE : []),
    ...(ignoreRevocationOffline === true ? OFFLINE : []),
  ],
})

/** Registry values that were changed since the node booted. */
function pendingReboot({ as, node, compiled, booted }: PartyQuestion): readonly string[] {
  const read = (from: Compiled): unknown => {
    switch (as) {
      case 'sstp-client':
        return clientOf(from, node).noCertRevocationCheck
      case 'gateway-device':
        return serviceOf(from.topology, node, 'vpn-gateway')?.deviceTunnel?.certAuthFlags
      case 'nps-user':
        return serviceOf(from.topology, node, 'nps')?.eapRegistry
      default:
        return undefined
    }
  }
  if (compiled === booted || isDeepStrictEqual(read(compiled), read(booted))) return []
  return [`the registry of ${node} was changed, and counts when it has rebooted`]
}
