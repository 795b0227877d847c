/**
 * Who judges on a node of a topology: the profile of a relying party, with the settings that the node, its ProfileXML and its domain
 * give it. Not the judgement: `node/relying-party.ts` makes it over the network. Registry values count as they were at the last boot.
 */
import { isDeepStrictEqual } from 'node:util'
import { rememberEach } from '../base/remember.ts'
import type { Instant } from '../base/time.ts'
import { kdcRestsOn } from '../directory/kdc.ts'
import { nameFrom, type Name } from '../pki/certificate/name.ts'
import type { RelyingPartyProfile } from '../pki/profile/profile.ts'
import { thumbprintsOf } from '../pki/certificate/thumbprint.ts'
import type { RevocationSpec } from '../topology/revocation.ts'
import type { OperatingSystem } from '../topology/topology.ts'
import { ASSUMPTIONS, type Assumptions } from '../windows/assumptions.ts'
import type { ServerValidation } from '../windows/eap-config.ts'
import { effectiveSwitches } from '../windows/revocation-switches.ts'
import { PROFILES, type ProfileName } from '../windows/relying-parties.ts'
import { gatewayDevice } from '../windows/relying-parties/gateway-device.ts'
import { ikeClient, type IkeClientSettings } from '../windows/relying-parties/ike-client.ts'
import { HOLDER_FAILURES, npsUser } from '../windows/relying-parties/nps-user.ts'
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
  /** Of the network policy that matched; absent: of the first that grants. */
  readonly allowedCertificateOids?: readonly string[]
}

export interface Party {
  readonly profile: RelyingPartyProfile
  /** Whether it looks for the name that was dialled: others know by other means whom they deal with. */
  readonly asksName: boolean
  /** What does not count yet. */
  readonly notes: readonly string[]
}

const completed = rememberEach((assume: Partial<Assumptions>): Assumptions => ({
  ...ASSUMPTIONS,
  ...assume,
}))

/** The relying party `as` on a node; one whose settings the node does not have gets Windows' defaults. */
export function relyingPartyOf(question: PartyQuestion): Party {
  const assume = question.assume === undefined ? ASSUMPTIONS : completed(question.assume)
  const others = { asksName: false, notes: [] }
  switch (question.as) {
    case 'ike-client':
      return { ...NAMED, profile: ikeClient(ikeSettings(question), assume) }
    case 'sstp-client':
      return { ...NAMED, profile: sstpClient({ switches: switchesOf(question) }, assume) }
    case 'gateway-device':
      return { ...others, profile: deviceJudge(question, assume) }
    case 'peap-client':
      return { ...others, profile: peapClient(peapSettings(question), assume) }
    case 'nps-user':
      return { ...others, profile: userJudge(question, assume), notes: pendingReboot(question) }
    default:
      return { ...NAMED, profile: PROFILES[question.as] }
  }
}

const NAMED = { asksName: true, notes: [] } as const

function ikeSettings(question: PartyQuestion): IkeClientSettings {
  const spec = ipNodeOf(question.compiled.topology, question.node)
  const flag = spec?.kind === 'host' ? spec.vpnClient?.disableIkeNameEkuCheck : undefined
  return { switches: switchesOf(question), disableNameEkuCheck: flag === true }
}

/** The switches of the node that count now: some were read at its last boot. */
const switchesOf = ({ node, compiled, booted }: PartyQuestion): RevocationSpec =>
  effectiveSwitches(
    ipNodeOf(compiled.topology, node)?.revocation ?? {},
    ipNodeOf(booted.topology, node)?.revocation ?? {},
  )

/** A name that is none equals no root's: the list must not become an empty one, which would let every root in. */
const unreadable = (text: string): Name => ({
  rdns: [],
  text,
  key: `unreadable ${text}`,
  der: new Uint8Array(),
})

function deviceJudge(question: PartyQuestion, assume: Assumptions): RelyingPartyProfile {
  const { node, compiled } = question
  const device = serviceOf(compiled.topology, node, 'vpn-gateway')?.deviceTunnel
  const names = device?.rootCertificateNames ?? []
  return gatewayDevice(
    {
      rootNames: names.map((text) => nameFrom(text) ?? unreadable(text)),
      ekus: device?.ekus ?? [],
      switches: switchesOf(question),
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

function userJudge(question: PartyQuestion, assume: Assumptions): RelyingPartyProfile {
  const { node, compiled, at } = question
  const { directory } = compiled
  const policies = serviceOf(compiled.topology, node, 'nps')?.networkPolicies ?? []
  const granting = policies.find(({ enabled, access }) => enabled !== false && access === 'grant')
  const allowedCertificateOids =
    question.allowedCertificateOids ?? granting?.allowedCertificateOids ?? []
  const profile = npsUser(
    {
      allowedCertificateOids,
      switches: switchesOf(question).nps?.eapTls ?? {},
      ...(directory !== undefined && {
        directory,
        ntAuth: compiled.ntAuth().flatMap(thumbprintsOf),
      }),
    },
    assume,
  )
  const mapping = directory === undefined ? [] : kdcRestsOn(directory, at)
  const onAccounts = Object.fromEntries(mapping.map((name) => [name, HOLDER_FAILURES]))
  return { ...profile, restsOn: { ...profile.restsOn, ...onAccounts } }
}

/** NPS's registry values that were changed since the server booted. */
function pendingReboot({ node, compiled, booted }: PartyQuestion): readonly string[] {
  const written = ipNodeOf(compiled.topology, node)?.revocation?.nps
  const read = ipNodeOf(booted.topology, node)?.revocation?.nps
  return isDeepStrictEqual(written, read)
    ? []
    : [`the registry of ${node} was changed, and counts when it has rebooted`]
}
