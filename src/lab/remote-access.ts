/**
 * The VPN gateway of a topology as a running service: its settings as RemoteAccess read them when it started, its certificate and its RADIUS
 * servers as they are now. Not the service itself: `node/rras` has that.
 */
import { parseIpv4, parseIpv4Prefix, type Ipv4 } from '../base/address.ts'
import { concat } from '../base/bytes.ts'
import { minutes, seconds, type Duration } from '../base/time.ts'
import type { IkeDoorOptions } from '../engine/ikev2/door.ts'
import type { IkeCertificate, IkeResponderOptions } from '../engine/ikev2/options.ts'
import {
  RemoteAccess,
  type AddressSettings,
  type RemoteAccessDeps,
  type RemoteAccessSettings,
} from '../node/rras/remote-access.ts'
import { nameFrom } from '../pki/certificate/name.ts'
import type { Held } from '../pki/issuing/issue.ts'
import type { GatewayIpsecSpec } from '../topology/ipsec.ts'
import type { VpnGatewaySpec } from '../topology/services.ts'
import { gatewaySuites } from '../windows/ipsec-suites.ts'
import { IdType } from '../wire/ikev2/numbers.ts'
import type { TrafficSelector } from '../wire/ikev2/traffic-selectors.ts'
import type { Compiled } from './compile.ts'
import { GatewayBook } from './gateway-book.ts'
import { ipNodeOf, serviceOf } from './inventory.ts'
import { authorityHash, selectOn } from './selection.ts'
import { tlsIdentityOf } from './tls-identity.ts'
import type { ServiceContext } from './service-context.ts'

const PORTS_DEFAULT = 128
/** Addresses that are borrowed of DHCP at once. */
const BLOCK_DEFAULT = 10
const IDLE_DEFAULT: Duration = minutes(5)
const OUTAGE_DEFAULT: Duration = minutes(30)
const SA_LIFE_DEFAULT = 28_800
const SA_KILOBYTES_DEFAULT = 102_400
const NEGOTIATE_DEFAULT: Duration = seconds(150)
/** OWN, as all of this: from so many half-open IKE SAs on, strangers must bring a cookie. Windows' own numbers are not documented. */
const COOKIES_FROM_MOST = 1000
/** From so many that were let in within a second, too. */
const COOKIES_FROM_PER_SECOND = 20
/** What fits into an IPv6 packet that nobody must cut: RRAS' fragments are of this size (OWN). */
const FRAGMENT_PACKET = 1280

const EVERYWHERE: readonly TrafficSelector[] = [
  {
    kind: 'ipv4',
    protocol: 0,
    startPort: 0,
    endPort: 0xffff,
    start: 0 as Ipv4,
    end: 0xffffffff as Ipv4,
  },
]

/** Start it; the returned function stops it. */
export function startRemoteAccess(context: ServiceContext): () => void {
  const { stack, current } = context
  const spec = serviceOf(current().topology, stack.name, 'vpn-gateway')
  if (spec === undefined || spec.isRunning === false) return () => {}
  if (spec.ipv6Disabled === true) {
    stack.log(
      'Service Control Manager',
      'the service RemoteAccess terminated: IPv6 is disabled',
      7024,
    )
    return () => {}
  }
  // Whoever waits for the lab to be up waits for the first block of addresses, too.
  const ready = context.booting()
  const service = RemoteAccess.start(stack, settingsOf(context, spec), {
    ...judgements(context, spec),
    ...records(context, new GatewayBook(context), ready),
  })
  if (service.ok) {
    const { value } = service
    const stopMeasuring = context.measure({ kind: 'gateway', read: () => value.load })
    return () => {
      stopMeasuring()
      value.stop()
      ready()
    }
  }
  ready()
  stack.log('IKEEXT', `UDP port ${service.error} is taken`)
  return () => {}
}

type Judgements = Pick<
  RemoteAccessDeps,
  'certificate' | 'authorities' | 'identity' | 'authenticate' | 'judgeDevice'
>

/** Who the gateway is, and who others are to it. */
function judgements(
  context: ServiceContext,
  { certificate, sstpCertificate = certificate }: VpnGatewaySpec,
): Judgements {
  const { stack, current, node } = context
  return {
    certificate: () => ikeCertificate(current(), stack.name, certificate, context),
    authorities: () => authorityHashes(context),
    identity: () => {
      const held = gatewayCertificate(current(), stack.name, sstpCertificate, context)
      return held === undefined ? undefined : tlsIdentityOf(held)
    },
    authenticate: (caller, peer, done) => {
      const gateway = context.gateway()
      const sessionId = gateway?.nextSessionId() ?? ''
      context.noteDial(caller.key, { session: sessionId })
      if (gateway === undefined) return done({ kind: 'no-answer', servers: [] }, sessionId)
      const asked = { sessionId, user: caller.user, callingStation: caller.address }
      gateway.ask(asked, { kind: 'eap', peer }, (outcome) => {
        context.noteDial(caller.key, { asked: outcome.kind })
        done(outcome, sessionId)
      })
    },
    judgeDevice: (chain, { key }, done) => {
      const as = { as: 'gateway-device', assume: context.assumed() } as const
      node.judgePresented(chain, as, (judgement) => {
        context.noteDial(key, { device: judgement })
        if (judgement.valid) return done({ accepted: true })
        const [first] = judgement.failures
        const failure = first === undefined ? 'not trusted' : `${first.subject} ${first.message}`
        done({ accepted: false, failure })
      })
    },
  }
}

/** What is written down of clients, and kept for whoever asks why a dial failed. */
const records = (
  { stack, noteDial, assumed }: ServiceContext,
  book: GatewayBook,
  ready: () => void,
): Omit<RemoteAccessDeps, keyof Judgements> => ({
  onReport: (report, connection) => {
    if (report.kind === 'ike/authentication-failed' && report.by === 'own') {
      noteDial(connection.key, { fault: report.fault })
    }
    book.reported(report, connection)
  },
  onEstablished: (client) => book.established(client),
  onInterim: (client) => book.interim(client),
  givesOutsidePool: ({ key }) => {
    if (key !== undefined) noteDial(key, { restsOn: ['framedAddressOutsidePool'] })
    return assumed().framedAddressOutsidePool === 'given'
  },
  onOver: (client, why) => {
    // Of one that stood, the dial is over long since.
    const { key, isEstablished } = client
    if (key !== undefined && !isEstablished) noteDial(key, { over: why })
    book.over(client, why)
  },
  onRefused: (why, endpoints, spi) => {
    noteDial(spi, { refused: why })
    book.refused(why, endpoints)
  },
  onNoAddress: () => book.noAddress(),
  onAutomaticAddresses: (server) => book.automaticAddresses(server),
  onAddressesReady: ready,
  onMethodRefused: (client) => book.methodRefused(client),
  onNoCertificate: () => book.noCertificate(),
  onSstpPortTaken: () => stack.log('HTTP', 'port 443 is in use'),
})

/** What RemoteAccess reads when it starts. */
function settingsOf(context: ServiceContext, spec: VpnGatewaySpec): RemoteAccessSettings {
  const { stack, current } = context
  const { topology } = current()
  const os = ipNodeOf(topology, stack.name)?.os
  const { ipsec = {} } = spec
  const ikev2Ports = spec.ports?.ikev2 ?? PORTS_DEFAULT
  const assume = context.assumed()
  const suites = gatewaySuites({ ...(os !== undefined && { os }), ipsec }, assume)
  const pfsGroup = suites.esp[0]?.group
  const inner = innerNic(context)
  const dns =
    spec.dnsServers?.flatMap((text) => parseIpv4(text) ?? []) ??
    stack.nics.find(({ name }) => name === inner)?.dns ??
    []
  return {
    responder: {
      ikeSuites: suites.ike,
      espSuites: suites.esp,
      ...(pfsGroup !== undefined && { pfsGroup }),
      accepts: acceptsOf(spec),
      localSelectors: EVERYWHERE,
      ...lifetimesOf(ipsec),
      establishWithin: spec.negotiateTime ?? NEGOTIATE_DEFAULT,
      // Whoever is silent so long is asked for a sign of life, and put out without one.
      deadPeer: spec.networkOutage ?? OUTAGE_DEFAULT,
      ...(spec.serverFragmentation === true && { fragmentation: { packet: FRAGMENT_PACKET } }),
    },
    door: doorOf(ikev2Ports),
    ports: ikev2Ports,
    ...sstpOf(spec),
    addresses: addressesOf(spec, os, inner),
    dns,
    proxyArpOn: inner,
    maxSasPerPeer: spec.maxSasPerPeer,
    handshakeTime: spec.handshakeTime,
    idleDisconnect: spec.idleDisconnect ?? IDLE_DEFAULT,
    tunnelMtu: assume.tunnelMtu,
    outerDontFragment: assume.outerDontFragment,
  }
}

/** A session takes its port with its first message: while half of them are left, whoever forges his address must not have more. */
const doorOf = (ports: number): IkeDoorOptions => ({
  cookiesFrom: Math.max(1, Math.min(COOKIES_FROM_MOST, Math.ceil(ports / 2))),
  cookiesFromPerSecond: COOKIES_FROM_PER_SECOND,
})

/** Nothing where it is not wanted, or has no port. */
function sstpOf(spec: VpnGatewaySpec): Pick<RemoteAccessSettings, 'sstp'> {
  const ports = spec.ports?.sstp ?? PORTS_DEFAULT
  if (spec.sstp !== true || ports === 0) return {}
  return { sstp: { ports, acceptsEap: acceptsOf(spec).eap } }
}

function acceptsOf({
  authentication,
  deviceTunnel,
}: VpnGatewaySpec): IkeResponderOptions['accepts'] {
  const accepted = authentication ?? (deviceTunnel === undefined ? ['eap'] : ['eap', 'certificate'])
  return { eap: accepted.includes('eap'), certificate: accepted.includes('certificate') }
}

function lifetimesOf({
  saLifeTimeSeconds = SA_LIFE_DEFAULT,
  mmSaLifeTimeSeconds = SA_LIFE_DEFAULT,
  saDataSizeForRenegotiationKilobytes = SA_KILOBYTES_DEFAULT,
}: GatewayIpsecSpec): Pick<IkeResponderOptions, 'ikeLifetime' | 'childLifetime'> {
  return {
    ikeLifetime: { time: seconds(mmSaLifeTimeSeconds) },
    childLifetime: {
      time: seconds(saLifeTimeSeconds),
      bytes: saDataSizeForRenegotiationKilobytes * 1024,
    },
  }
}

function addressesOf(
  spec: VpnGatewaySpec,
  os: string | undefined,
  nic: string | undefined,
): AddressSettings {
  const { pool, addressAssignment, initialAddressPoolSize, dhcpPrivilegesFixed } = spec
  const written = typeof addressAssignment === 'object' ? addressAssignment.pool : pool
  if (written !== undefined) {
    const prefix = parseIpv4Prefix(written)
    return prefix && { pool: prefix }
  }
  if (nic === undefined) return undefined
  return {
    dhcp: {
      nic,
      block: initialAddressPoolSize ?? BLOCK_DEFAULT,
      isAllowed: os !== 'windows-server-2019' || dhcpPrivilegesFixed !== false,
    },
  }
}

/** The interface behind which the inside lies: the one whose DNS servers are entered, else the one without a default gateway. */
function innerNic({ stack }: ServiceContext): string | undefined {
  const { nics } = stack
  const inner =
    nics.find(({ dns, gateway }) => dns.length > 0 && gateway === undefined) ??
    nics.find(({ gateway }) => gateway === undefined) ??
    nics[0]
  return inner?.name
}

/** The certificate that IKE shows, with the subject as identity. */
export function ikeCertificate(
  ...of: Parameters<typeof gatewayCertificate>
): IkeCertificate | undefined {
  const held = gatewayCertificate(...of)
  return held === undefined ? undefined : certificateOf(held)
}

/** What the gateway shows: the one that is named, or else the one that IKE finds. */
function gatewayCertificate(
  compiled: Compiled,
  node: string,
  wanted: string | undefined,
  { stack }: Pick<ServiceContext, 'stack'>,
): Held | undefined {
  const at = stack.wallClock
  const name = wanted ?? selectOn({ node, use: 'ike', compiled, at }).selected
  return name === undefined ? undefined : compiled.pki.certificate(node, name, at)
}

export const certificateOf = ({ certificate, chain, privateKey }: Held): IkeCertificate => ({
  identity: { type: IdType.ID_DER_ASN1_DN, data: certificate.subject.der },
  chain: [certificate, ...chain].map(({ der }) => der),
  key: privateKey,
})

/** CERTREQ (RFC 7296 §3.7): SHA-1 of the keys of the roots that a device's certificate may end at. */
function authorityHashes({ stack, current }: ServiceContext): Uint8Array {
  const { topology, pki } = current()
  const names = serviceOf(topology, stack.name, 'vpn-gateway')?.deviceTunnel?.rootCertificateNames
  const wanted = names?.flatMap((text) => nameFrom(text)?.key ?? [])
  const roots = (ipNodeOf(topology, stack.name)?.trusts ?? []).flatMap((key) =>
    pki.authorityCertificates(key, stack.wallClock),
  )
  const named = roots.filter(({ subject }) => wanted === undefined || wanted.includes(subject.key))
  return concat(...named.map(({ spki }) => authorityHash(spki)))
}
