/**
 * Whether Windows dials a VPN profile by itself (phase P0): a pure function from the profile, what the user did, and where the computer is.
 * No dial leaves no trace in any log, so the reasons here are all that anybody gets to see. Sources: Microsoft, "VPN auto-triggered profile
 * options", the VPNv2 CSP. Not the dial, and not which of several profiles is the active one: {@link ./active-profile.ts}.
 */
import type { VpnClientSpec } from '../topology/services.ts'
import type { InterfaceSpec } from '../topology/topology.ts'
import { ASSUMPTIONS, type Assumption, type Assumptions } from './assumptions.ts'
import { decideByNrpt, nrptKind, type NrptRule } from './nrpt.ts'
import type { VpnProfile } from './profile-xml.ts'

/** Why Windows does not dial. */
export type NotAttempted =
  /** AlwaysOn is not true, and no name asks for the tunnel. */
  | 'not-always-on'
  /** Another profile of the same user is the active one. */
  | 'not-the-active-profile'
  /** Somebody disconnected it by hand: it is in AutoTriggerDisabledProfilesList. */
  | 'disabled-by-user'
  | 'inside-a-trusted-network'
  | 'no-network'
  /** A user tunnel waits until its user has signed in. */
  | 'nobody-signed-in'
  /** A name was asked for that no rule with AutoTrigger has. */
  | 'name-does-not-trigger'
  /** A program was started that no AppTrigger names. */
  | 'app-does-not-trigger'
  /** Another profile is a LockDown profile: no other is connected, not even by hand. */
  | 'locked-down'
  /** Group policy redirects the user's AppData, where the phonebook is. */
  | 'appdata-redirected'
  /** Device tunnels start by themselves in Enterprise and Education only. */
  | 'edition'
  /** Device tunnels need a computer of a domain. */
  | 'no-domain-member'
  | 'already-connected'

/** What happened: Windows looks at Always On profiles at a sign-in, a change of network, when the screen goes on, and when a tunnel was lost. */
export type TriggerEvent =
  | { readonly kind: 'boot' | 'sign-in' | 'network-change' | 'screen-on' | 'tunnel-lost' }
  /** A program asked for a name: fully qualified, or one label. */
  | { readonly kind: 'name'; readonly name: string }
  /** A program was started: path of a desktop program, or package family name of another. */
  | { readonly kind: 'app'; readonly id: string }
  /** Somebody clicked on Connect: neither lists nor networks count. */
  | { readonly kind: 'manual' }

/** A network that a physical interface is on. */
export interface ActiveNetwork extends Pick<InterfaceSpec, 'suffix' | 'category'> {
  /** As Network List Manager calls it. */
  readonly name?: string
}

export interface TriggerQuestion {
  readonly profile: VpnProfile
  /** Name that the profile was installed under. */
  readonly profileName: string
  readonly event: TriggerEvent
  /** Active physical interfaces; none: no network. */
  readonly networks: readonly ActiveNetwork[]
  readonly client?: VpnClientSpec
  /** Somebody has signed in. */
  readonly isSignedIn: boolean
  readonly isDomainMember: boolean
  /** Default true: one profile of the computer is the active one. */
  readonly isActive?: boolean
  readonly isConnected?: boolean
  /** Name of the LockDown profile of the computer; absent: it has none. */
  readonly lockDownProfile?: string
  /** Folder redirection for AppData is on. Profiles of the computer do not care. */
  readonly redirectsAppData?: boolean
}

export interface TriggerDecision {
  readonly dials: boolean
  /** Absent: it dials. */
  readonly why?: NotAttempted
  /** One line a step. */
  readonly steps: readonly string[]
  /** Names of assumptions, and of what the name resolution policy assumes. */
  readonly restsOn: readonly string[]
}

/** Whether Windows dials, and why not. */
export function decideTrigger(
  question: TriggerQuestion,
  assume: Assumptions = ASSUMPTIONS,
): TriggerDecision {
  const { event, profileName } = question
  const asked = { question, trust: trustedNetwork(question, assume), assume }
  const { trust } = asked
  const doubts: string[] = []
  for (const check of event.kind === 'manual' ? ALWAYS : [...ALWAYS, ...UNASKED]) {
    const found = check(asked)
    doubts.push(...(found?.restsOn ?? []))
    if (found?.why === undefined) continue
    return { dials: false, why: found.why, steps: [found.step], restsOn: found.restsOn ?? [] }
  }
  const steps = [...(event.kind === 'manual' ? [] : trust.steps), `${profileName} is dialled`]
  return { dials: true, steps, restsOn: doubts }
}

interface Asked {
  readonly question: TriggerQuestion
  readonly trust: Trust
  readonly assume: Assumptions
}

/** Refused, or let pass with a doubt. */
type Found =
  | { readonly why: NotAttempted; readonly step: string; readonly restsOn?: readonly string[] }
  | { readonly why?: undefined; readonly restsOn: readonly string[] }
/** Undefined: nothing to object to. */
type Check = (asked: Asked) => Found | undefined

const refuse = (why: NotAttempted, step: string, restsOn: readonly string[] = []): Found => ({
  why,
  step,
  restsOn,
})

const isDeviceTunnel = ({ profile }: TriggerQuestion): boolean =>
  profile.deviceTunnel?.value === true

const connectionCheck: Check = ({ question: { isConnected = false, profileName } }) =>
  isConnected ? refuse('already-connected', `${profileName} is connected already`) : undefined

const lockDownCheck: Check = ({ question: { lockDownProfile, profileName } }) =>
  lockDownProfile === undefined || isSameName(lockDownProfile, profileName)
    ? undefined
    : refuse('locked-down', `${lockDownProfile} is a LockDown profile: no other is connected`)

const networkCheck: Check = ({ question: { networks } }) =>
  networks.length === 0 ? refuse('no-network', 'no interface is on a network') : undefined

/** Nobody has signed in when a computer has only just started. */
const userCheck: Check = ({ question }) =>
  isDeviceTunnel(question) || (question.isSignedIn && question.event.kind !== 'boot')
    ? undefined
    : refuse(
        'nobody-signed-in',
        `${question.profileName} is a user's tunnel, and nobody has signed in`,
      )

const memberCheck: Check = ({ question }) =>
  isDeviceTunnel(question) && !question.isDomainMember
    ? refuse('no-domain-member', 'a device tunnel needs a computer of a domain')
    : undefined

const editionCheck: Check = ({ question, assume }) => {
  if (!isDeviceTunnel(question) || question.client?.edition !== 'pro') return undefined
  const restsOn = ['deviceTunnelOnPro'] satisfies Assumption[]
  return assume.deviceTunnelOnPro === 'dialled'
    ? { restsOn }
    : refuse('edition', 'Windows Pro starts no device tunnel by itself', restsOn)
}

const redirectionCheck: Check = ({ question }) =>
  question.redirectsAppData === true && !isDeviceTunnel(question)
    ? refuse('appdata-redirected', 'folder redirection for AppData keeps profiles from triggering')
    : undefined

const activeCheck: Check = ({ question }) =>
  question.isActive === false && !isDeviceTunnel(question)
    ? refuse('not-the-active-profile', `${question.profileName} is not the active profile`)
    : undefined

const isSameName = (one: string, other: string): boolean =>
  one.toLowerCase() === other.toLowerCase()

const disabledCheck: Check = ({ question: { client = {}, profileName } }) =>
  client.disabledProfiles?.some((name) => isSameName(name, profileName)) === true
    ? refuse('disabled-by-user', `${profileName} is in AutoTriggerDisabledProfilesList`)
    : undefined

const eventCheck: Check = ({ question: { profile, event, profileName } }) => {
  switch (event.kind) {
    case 'name': {
      const { triggers, restsOn } = nameTriggers(profile, event.name)
      return triggers
        ? { restsOn }
        : refuse('name-does-not-trigger', `no rule with AutoTrigger has ${event.name}`, restsOn)
    }
    case 'app':
      return profile.appTriggers.some(({ value }) => isSameName(value, event.id))
        ? undefined
        : refuse('app-does-not-trigger', `no AppTrigger names ${event.id}`)
    default:
      return isAlwaysOn(profile)
        ? undefined
        : refuse('not-always-on', `${profileName} is not Always On`)
  }
}

/** Device tunnels and LockDown profiles are Always On, whatever AlwaysOn says. */
export const isAlwaysOn = ({ alwaysOn, deviceTunnel, lockDown }: VpnProfile): boolean =>
  [alwaysOn, deviceTunnel, lockDown].some((flag) => flag?.value === true)

const outsideCheck: Check = ({ trust }) =>
  trust.isInside
    ? refuse('inside-a-trusted-network', trust.steps.join('; '), trust.restsOn)
    : { restsOn: trust.restsOn }

/** In the order in which they are asked. Whoever clicks on Connect is asked the first three. */
const ALWAYS: readonly Check[] = [connectionCheck, lockDownCheck, networkCheck]
const UNASKED: readonly Check[] = [
  userCheck,
  memberCheck,
  editionCheck,
  redirectionCheck,
  activeCheck,
  disabledCheck,
  eventCheck,
  outsideCheck,
]

/**
 * The rule that decides over the name has AutoTrigger and servers: one without them is an exemption, and triggers nothing. A name of one label
 * triggers by any suffix, too: Windows would append it.
 */
function nameTriggers(
  profile: VpnProfile,
  name: string,
): { readonly triggers: boolean; readonly restsOn: readonly string[] } {
  const rules = profile.domainNameInformation.map((rule) => ({
    isTrigger: rule.autoTrigger?.value === true,
    nrpt: {
      namespace: rule.domainName.value,
      ...(rule.dnsServers && { servers: rule.dnsServers.map(({ value }) => value) }),
    } satisfies NrptRule,
  }))
  const local = rules.map(({ nrpt }) => nrpt)
  const { rule, ask, restsOn } = decideByNrpt(name, { local, connected: true })
  const found = rules.find(({ nrpt }) => nrpt === rule)
  const isShort = !name.replace(/\.$/, '').includes('.')
  const bySuffix = rules.some(
    ({ isTrigger, nrpt: { namespace, servers = [] } }) =>
      isTrigger && servers.length > 0 && nrptKind(namespace) === 'suffix',
  )
  const triggers = (ask === 'rule' && found?.isTrigger === true) || (isShort && bySuffix)
  return { triggers, restsOn }
}

/** Whether a tunnel that stands is ended when its computer comes to a trusted network; no source says that it is. */
export function endsInside(
  question: Pick<TriggerQuestion, 'profile' | 'networks'>,
  assume: Assumptions = ASSUMPTIONS,
): {
  readonly ends: boolean
  readonly steps: readonly string[]
  readonly restsOn: readonly string[]
} {
  const { isInside, steps, restsOn } = trustedNetwork(question, assume)
  if (!isInside) return { ends: false, steps, restsOn }
  const ends = assume.tunnelOnTrustedNetwork === 'ended'
  return { ends, steps, restsOn: [...restsOn, 'tunnelOnTrustedNetwork'] }
}

interface Trust {
  readonly isInside: boolean
  readonly steps: readonly string[]
  readonly restsOn: readonly Assumption[]
}

/** Letter case does not count. Microsoft wants the network to be private, or one of a domain. */
function trustedNetwork(
  { profile, networks }: Pick<TriggerQuestion, 'profile' | 'networks'>,
  assume: Assumptions,
): Trust {
  const trusted = profile.trustedNetworks.map(({ value }) => value.toLowerCase())
  const known = networks.flatMap((network) => {
    const name = [network.suffix, network.name].find(
      (each) => each !== undefined && trusted.includes(each.toLowerCase()),
    )
    return name === undefined ? [] : [{ name, category: network.category ?? 'public' }]
  })
  const isAnyEnough = assume.trustedNetworkCategory === 'any'
  const inside = known.find(({ category }) => isAnyEnough || category !== 'public')
  const isUnsure = known.length > 0 && known.every(({ category }) => category === 'public')
  const restsOn = isUnsure ? (['trustedNetworkCategory'] as const) : []
  if (inside !== undefined) {
    const step = `inside: ${inside.name} is a trusted network (${inside.category})`
    return { isInside: true, steps: [step], restsOn }
  }
  const [stranger] = known
  const step =
    stranger === undefined
      ? 'outside: no network is a trusted one'
      : `outside: ${stranger.name} is a trusted name, but the network is public`
  return { isInside: false, steps: [step], restsOn }
}
