/**
 * The verb `connect`: a Windows client dials its tunnel, from the trigger to the interface. What is on the wire is on the wire; the report is told from
 * what the client sees, and from the books of the servers behind it. Not the dialling (`node/vpn-client`), and not the words (`connect-report.ts`).
 */
import { formatIpv4, parseIpv4, type Ipv4 } from '../base/address.ts'
import type { Instant } from '../base/time.ts'
import type { IkeReport } from '../engine/ikev2/report.ts'
import type { PppReport } from '../engine/ppp/contract.ts'
import type { SstpReport } from '../engine/sstp/contract.ts'
import type { Trace } from '../net/trace.ts'
import type { EapPeerSession } from '../node/eap-peer.ts'
import type { ChainJudgement } from '../node/relying-party.ts'
import type { TlsVerdict } from '../node/tls-connection.ts'
import type {
  Dial,
  DialEnd,
  DialerDeps,
  Dialling,
  VpnConnection,
} from '../node/vpn-client/contract.ts'
import { IkeConnection } from '../node/vpn-client/ike-connection.ts'
import { SstpConnection } from '../node/vpn-client/sstp-connection.ts'
import type { HostSpec } from '../topology/topology.ts'
import type { Assumptions } from '../windows/assumptions.ts'
import type { Phase } from '../windows/connect/decision-table.ts'
import type { VpnProfile } from '../windows/profile-xml.ts'
import {
  decideTrigger,
  endsInside,
  type ActiveNetwork,
  type TriggerDecision,
  type TriggerEvent,
} from '../windows/triggers.ts'
import { eapPeerOf, userOf } from './authentication.ts'
import { mannerOf, type EapManner, type NothingToShow } from './eap-client.ts'
import { ipNodeOf } from './inventory.ts'
import type { Compiled } from './compile.ts'
import type { ConnectOptions } from './lab.ts'
import { RasClientLog, type RasClientDial } from './ras-client-log.ts'
import { certificateOf } from './remote-access.ts'
import { selectOn } from './selection.ts'
import type { ServiceContext, ServiceNode } from './service-context.ts'
import { alertOf } from '../node/chain-alert.ts'
import {
  connectionName,
  dialOf,
  lockDownOf,
  protocolsOf,
  serversOf,
  type Protocol,
  type TunnelKind,
} from './vpn-profile.ts'

export interface ConnectEnv {
  readonly home: ServiceContext
  readonly client: ServiceNode
  readonly trace: Trace
  readonly assume: Assumptions
  readonly isConnected: boolean
}

/** One protocol that was tried, at one address. */
export interface Attempt {
  readonly protocol: Protocol
  /** As the profile names it. */
  readonly server: string
  readonly address: Ipv4
  readonly reports: (IkeReport | SstpReport | PppReport)[]
  /** What both sides know the connection by. */
  key?: string
  /** The client's judgement of the gateway. */
  gatewayJudged?: ChainJudgement
  /** The user's EAP has begun: what fails now is not the protocol's fault. */
  isAuthenticating: boolean
  end?: DialEnd
}

/** What happened on the way, as the client saw it. */
export interface Journey {
  readonly tunnel: TunnelKind
  readonly name: string
  /** The first of the profile. */
  readonly server: string
  readonly servers: readonly string[]
  readonly user: string | undefined
  readonly manner: EapManner | undefined
  readonly trigger: TriggerDecision
  readonly phases: { readonly phase: Phase; readonly at: Instant; readonly text: string }[]
  /** In order. None: the name has no address, or Windows did not dial. */
  readonly attempts: Attempt[]
  /** The rcode of a name without address. */
  unresolved?: string
  npsJudged?: ChainJudgement
  /** The user has nothing to come with. */
  nothing?: NothingToShow
  peer?: EapPeerSession
}

export interface Dialled {
  readonly journey: Journey
  readonly log: RasClientLog
  /** Absent: Windows did not dial. */
  readonly connection?: VpnConnection
}

/** Check what is asked; the returned function dials, and calls `done` once. Throws RangeError for what the script has got wrong. */
export function dialling(
  env: ConnectEnv,
  options: ConnectOptions,
): (done: (dialled: Dialled) => void) => void {
  const seat = seatOf(env, options)
  return (done) => {
    const { journey, log } = seat
    if (!journey.trigger.dials) return done({ journey, log })
    note(seat, 'P0', journey.trigger.steps.join('; '))
    reach(seat, journey.servers, [], (targets) => {
      const [first, ...others] = targets
      if (first === undefined) return done({ journey, log })
      delete journey.unresolved
      attempt(seat, [first, ...others], (connection) => done({ journey, log, connection }))
    })
  }
}

/** One thing to try: a protocol, and an address of a server. */
interface Target {
  readonly protocol: Protocol
  readonly server: string
  readonly address: Ipv4
}

/** The addresses of `servers`: each in its turn is tried by one protocol, then by the next (OWN: in which order Windows mixes the two). */
function reach(
  seat: Seat,
  [server, ...others]: readonly string[],
  known: readonly Omit<Target, 'protocol'>[],
  then: (targets: readonly Target[]) => void,
): void {
  const { env, journey } = seat
  if (server === undefined) {
    return then(
      seat.protocols.flatMap((protocol) => known.map((target) => ({ ...target, protocol }))),
    )
  }
  const goOn = (addresses: readonly Ipv4[]): void => {
    const found = addresses.map((address) => ({ server, address }))
    reach(seat, others, [...known, ...found], then)
  }
  const literal = parseIpv4(server)
  if (literal !== undefined) return goOn([literal])
  env.client.addressesOf(server, (answer) => {
    if ('rcode' in answer) {
      note(seat, 'P1', `${server} is ${answer.rcode}`)
      journey.unresolved ??= answer.rcode
      return goOn([])
    }
    note(seat, 'P1', `${server} is ${answer.map(formatIpv4).join(', ')}`)
    goOn(answer)
  })
}

/** Try one target after the other, until one comes to a connection, or to the user. */
function attempt(
  seat: Seat,
  [target, ...others]: readonly [Target, ...Target[]],
  done: (connection: VpnConnection) => void,
): void {
  const { journey, log } = seat
  const { protocol, server, address } = target
  const before = journey.attempts.at(-1)
  const trying: Attempt = { protocol, server, address, reports: [], isAuthenticating: false }
  const { protocol: triedBy = protocol, server: tried = journey.server } = before ?? {}
  if (triedBy !== protocol || tried !== server) log.goesOn(protocol, server)
  journey.attempts.push(trying)
  log.reached('P2')
  const connection = connectionBy(protocol, seat, {
    server: address,
    dial: dialFor(seat, trying),
    deps: depsFor(seat, trying),
    done: (end) => {
      trying.end = end
      if (end.kind === 'connected') {
        note(seat, 'P6', `${journey.name} is up, with its routes and names`)
        log.reached('P6', formatIpv4(end.address))
      }
      const [next, ...rest] = others.filter((other) => isWorth(other, trying))
      const isOver = end.kind === 'connected' || trying.isAuthenticating || next === undefined
      if (isOver) return done(connection)
      const from = `${protocol} to ${formatIpv4(address)}`
      note(
        seat,
        'P2',
        `${from} leads nowhere; ${next.protocol} to ${formatIpv4(next.address)} is next`,
      )
      attempt(seat, [next, ...rest], done)
    },
  })
  connection.start()
}

/** Another protocol is, and another address where this one was silent. Whoever answers has answered for all. */
const isWorth = ({ protocol }: Target, { protocol: tried, end, reports }: Attempt): boolean =>
  protocol !== tried ||
  end?.kind === 'tcp' ||
  (end?.kind === 'over' && reports.some(({ kind }) => kind === 'ike/timed-out'))

function connectionBy(protocol: Protocol, { env }: Seat, dialling: Dialling): VpnConnection {
  const { stack } = env.home
  return protocol === 'SSTP'
    ? new SstpConnection(stack, dialling)
    : new IkeConnection(stack, env.client.ikePorts, dialling)
}

/** Who dials what, and where they sit. */
interface Seat {
  readonly env: ConnectEnv
  readonly options: ConnectOptions
  readonly spec: HostSpec
  readonly profile: VpnProfile
  readonly protocols: readonly [Protocol, ...Protocol[]]
  readonly user: { readonly name: string; readonly password: string } | undefined
  readonly journey: Journey
  readonly log: RasClientLog
}

function seatOf(env: ConnectEnv, options: ConnectOptions): Seat {
  const { home, client, assume } = env
  const tunnel = options.tunnel ?? 'user'
  const compiled = home.current()
  const spec = ipNodeOf(compiled.topology, client.name)
  const profile = compiled.profiles.get(client.name)?.[tunnel]
  if (spec?.kind !== 'host' || profile === undefined) {
    throw new RangeError(`${client.name} has no profile of a ${tunnel} tunnel`)
  }
  const servers = serversOf(profile)
  const [server] = servers
  if (server === undefined) throw new RangeError(`${profile.file} names no server`)
  const manner = tunnel === 'user' ? mannerOf(compiled, client.name) : undefined
  const user = manner === undefined ? undefined : userOf(env, options)
  const locked = lockDownOf(compiled.profiles.get(client.name) ?? {})
  const trigger = decideTrigger(
    {
      profile,
      profileName: connectionName(profile),
      event: eventOf(tunnel, options),
      networks: networksOf(home, spec),
      ...(spec.vpnClient !== undefined && { client: spec.vpnClient }),
      isSignedIn: tunnel === 'user',
      isDomainMember: compiled.directory !== undefined,
      isConnected: env.isConnected,
      ...(locked !== undefined && { lockDownProfile: connectionName(locked) }),
    },
    assume,
  )
  const name = connectionName(profile)
  const journey = {
    tunnel,
    name,
    server,
    servers,
    user: user?.name,
    manner,
    trigger,
    phases: [],
    attempts: [],
  }
  const protocols = protocolsOf(profile, tunnel)
  const log = new RasClientLog(home.stack, rasDialOf(profile, spec, journey, protocols[0]), assume)
  return { env, options, spec, profile, protocols, user, journey, log }
}

function rasDialOf(
  { nativeProfile }: VpnProfile,
  { vpnClient }: HostSpec,
  { tunnel, name, server, user, manner }: Journey,
  protocol: Protocol,
): RasClientDial {
  const isDevice = tunnel === 'device'
  return {
    isDevice,
    protocol,
    user: isDevice ? 'SYSTEM' : (user ?? ''),
    connection: name,
    server,
    settings: {
      allUsers: isDevice,
      strategy: isDevice ? 'IKEv2' : strategyOf(nativeProfile),
      authentication: manner === undefined ? 'Machine Certificate' : 'EAP',
      forceTunnel: nativeProfile?.routingPolicyType?.value !== 'SplitTunnel',
      mobility: vpnClient?.disableMobility !== true,
    },
  }
}

function strategyOf(native: VpnProfile['nativeProfile']): 'IKEv2' | 'SSTP' | 'Automatic' {
  const type = native?.nativeProtocolType?.value
  return type === 'SSTP' || type === 'Automatic' ? type : 'IKEv2'
}

function eventOf(tunnel: TunnelKind, { trigger, triggerName }: ConnectOptions): TriggerEvent {
  const kind = trigger ?? (tunnel === 'device' ? 'boot' : 'sign-in')
  switch (kind) {
    case 'name':
      return { kind, name: triggerName ?? '' }
    case 'app':
      return { kind, id: triggerName ?? '' }
    default:
      return { kind }
  }
}

/** Whether Windows ends a tunnel that stands, for where its computer is now. */
export function endsHere(
  home: ServiceContext,
  { tunnel = 'user' }: ConnectOptions,
  assume: Assumptions,
): boolean {
  const { topology, profiles } = home.current()
  const spec = ipNodeOf(topology, home.stack.name)
  const profile = profiles.get(home.stack.name)?.[tunnel]
  if (spec?.kind !== 'host' || profile === undefined) return false
  return endsInside({ profile, networks: networksOf(home, spec) }, assume).ends
}

/** That a cable of this computer is on now. An address that it gave itself, for want of DHCP, makes no network (OWN: NLM sees no traffic there). */
const networksOf = ({ stack, current }: ServiceContext, spec: HostSpec): readonly ActiveNetwork[] =>
  stack.nics.flatMap((nic) =>
    nic.kind === 'ethernet' && nic.up && nic.address !== undefined && !isAutomatic(nic.address)
      ? [networkOf(nic, spec, current())]
      : [],
  )

/** 169.254/16 (RFC 3927). */
const isAutomatic = (address: Ipv4): boolean => address >>> 16 === 0xa9fe

/** Where the topology does not say of which category a network is, one that has the domain's own suffix is taken for one of the domain. */
const networkOf = (
  { name, suffix }: { readonly name: string; readonly suffix: string | undefined },
  spec: HostSpec,
  { topology: { directory } }: Compiled,
): ActiveNetwork => {
  const written = spec.interfaces.find(({ network }) => network === name)?.category
  const category = written ?? (isDomains(suffix, directory?.domain) ? 'domain' : undefined)
  return {
    name,
    ...(suffix !== undefined && { suffix }),
    ...(category !== undefined && { category }),
  }
}

/** A member that gets its domain's suffix on a network is on a network of the domain (OWN: that a controller answers there, too, is not asked). */
const isDomains = (suffix: string | undefined, domain: string | undefined): boolean =>
  suffix !== undefined && suffix.toLowerCase() === domain?.toLowerCase()

/** `phase` is done. */
function note({ env, journey, log }: Seat, phase: Phase, text: string): void {
  journey.phases.push({ phase, at: env.home.stack.now, text })
  log.reached(NEXT[phase] ?? phase)
}

/** When one is done, the next is on. An address alone is no connection: that is logged at the end. */
const NEXT: Readonly<Partial<Record<Phase, Phase>>> = { P0: 'P1', P1: 'P2', P2: 'P3', P3: 'P4' }

function dialFor(seat: Seat, trying: Attempt): Dial {
  const { env, spec, profile, user } = seat
  return {
    ...dialOf(profile, spec, env.assume),
    server: trying.server,
    authentication:
      user === undefined
        ? {
            kind: 'certificate',
            choose: (authorities) => deviceCertificate(env, authorities),
          }
        : {
            kind: 'eap',
            open: () => {
              trying.isAuthenticating = true
              return openPeer(seat, user)
            },
          },
  }
}

function depsFor(seat: Seat, trying: Attempt): DialerDeps {
  return {
    judge: (chain, name, then) =>
      judgeGateway(seat, trying, { chain, name, as: 'ike-client' }, (judged) =>
        then(judged.accepted ? judged : { accepted: false, failure: judged.detail }),
      ),
    judgeTls: (chain, name, then) =>
      judgeGateway(seat, trying, { chain, name, as: 'sstp-client' }, then),
    onPhase: (phase, text) => note(seat, phase, text),
    onReport: (report) => {
      // What becomes of a tunnel that stands is not the dial's.
      if (trying.end === undefined) trying.reports.push(report)
      if (report.kind === 'ike/agreed') note(seat, 'P2', report.text)
    },
    onKnown: (key) => {
      trying.key ??= key
    },
  }
}

function judgeGateway(
  seat: Seat,
  trying: Attempt,
  asked: {
    readonly chain: readonly Uint8Array[]
    readonly name: string
    readonly as: 'ike-client' | 'sstp-client'
  },
  then: (verdict: TlsVerdict) => void,
): void {
  const { client, assume } = seat.env
  const { chain, name, as } = asked
  client.judgePresented(chain, { as, name, assume }, (judgement) => {
    trying.gatewayJudged = judgement
    const [first] = judgement.failures
    if (judgement.valid) {
      note(seat, 'P3', `the gateway has proved that it is ${name}`)
      return then({ accepted: true })
    }
    const detail = first === undefined ? 'not trusted' : `${first.subject} ${first.message}`
    note(seat, 'P3', `the gateway's certificate is refused: ${detail}`)
    then({ accepted: false, detail, alert: alertOf(first?.code) })
  })
}

/** Undefined: the user has nothing to come with. */
function openPeer(
  { env: { home, client, assume }, options, journey }: Seat,
  user: NonNullable<Seat['user']>,
): EapPeerSession | undefined {
  const { manner } = journey
  if (manner === undefined) return undefined
  const onJudged = (judgement: ChainJudgement): void => {
    journey.npsJudged = judgement
  }
  const opened = eapPeerOf({ home, client, user, options, assume, onJudged }, manner)
  if (!opened.ok) {
    journey.nothing = opened.error
    return undefined
  }
  journey.peer = opened.value
  return opened.value
}

/** The computer's certificate for IKEv2, if Windows finds one for who trusts these authorities. */
function deviceCertificate({ home, client }: ConnectEnv, requested: readonly Uint8Array[]) {
  const compiled = home.current()
  const at = home.stack.wallClock
  const use = 'device-tunnel'
  const { selected } = selectOn({ node: client.name, use, requested, compiled, at })
  const held =
    selected === undefined ? undefined : compiled.pki.certificate(client.name, selected, at)
  return held === undefined ? undefined : certificateOf(held)
}
