/**
 * What a gateway writes down of its clients: RemoteAccess' events, and accounting where RADIUS has it. Not the clients (`node/rras`), and not the words
 * of the events (`windows/nps/gateway-events.ts`).
 */
import { formatIpv4, type Ipv4 } from '../base/address.ts'
import { between, type Instant } from '../base/time.ts'
import type { IkeEndpoints } from '../engine/ikev2/options.ts'
import type { AuthenticationFault, IkeReport } from '../engine/ikev2/report.ts'
import type { RasClient, RasEnd, RasEnding } from '../node/rras/client.ts'
import type { RasConnection } from '../node/rras/connection.ts'
import type { SessionUsage } from '../engine/radius/accounting.ts'
import type { TerminateCause } from '../wire/radius/named-values.ts'
import { gatewayEvent, rasPort, type GatewayEvent } from '../windows/nps/gateway-events.ts'
import { serviceOf } from './inventory.ts'
import type { ServiceContext } from './service-context.ts'

/** RAS and IPsec errors in event 20255: the client refused to authenticate, and the last AUTH does not verify. */
const PEER_REFUSED = 919
const BAD_AUTH = 13801

/** The IKE SA stands, and there is nothing that it could carry. */
const CHILDLESS: Readonly<Record<string, readonly [code: number, why: string]>> = {
  NO_PROPOSAL_CHOSEN: [13868, 'the client offers no suite for ESP that is accepted here'],
  TS_UNACCEPTABLE: [842, 'the client asks for traffic that is not accepted here'],
}

const MICROSECONDS = 1e6

const CAUSES: Readonly<Partial<Record<RasEnd, TerminateCause>>> = {
  'deleted-by-peer': 'User-Request',
  'timed-out': 'Lost-Carrier',
  expired: 'Session-Timeout',
  closed: 'NAS-Request',
  'terminated-by-peer': 'User-Request',
  'disconnected-by-peer': 'User-Request',
  'no-answer': 'Lost-Carrier',
  'stream-ended': 'Lost-Carrier',
}

const WHY: Readonly<Partial<Record<RasEnd, string>>> = {
  'deleted-by-peer': 'the user asked for it',
  'timed-out': 'the client does not answer',
  expired: 'the security association has expired',
  closed: 'the server ended it',
  'terminated-by-peer': 'the user asked for it',
  'disconnected-by-peer': 'the user asked for it',
  'no-answer': 'the client does not answer',
}

const ENDED_FOR: Readonly<
  Record<
    RasEnding,
    { readonly why: string; readonly cause: TerminateCause; readonly event?: 20139 | 20140 }
  >
> = {
  idle: { why: 'the connection was idle', cause: 'Idle-Timeout', event: 20139 },
  'session-limit': {
    why: 'it lasted as long as it may',
    cause: 'Session-Timeout',
    event: 20140,
  },
  'address-lost': { why: 'its address could not be kept', cause: 'NAS-Error' },
}

export class GatewayBook {
  readonly #context: ServiceContext
  /** Who is in, since when. */
  readonly #began = new Map<RasClient, Instant>()

  constructor(context: ServiceContext) {
    this.#context = context
  }

  established(connection: RasClient): void {
    const { user = '', address } = connection
    this.#began.set(connection, this.#context.stack.now)
    const port = portOf(connection)
    this.#logOf(connection, { id: 20250, user, port })
    if (address !== undefined) {
      this.#logOf(connection, { id: 20274, user, port, address: formatIpv4(address) })
    }
    this.#account(connection, 'start')
  }

  interim(connection: RasClient): void {
    this.#account(connection, 'interim')
  }

  over(connection: RasClient, why: RasEnd): void {
    const { user = '', usage, endedFor } = connection
    const began = this.#began.get(connection)
    if (began === undefined) {
      if (why === 'not-established' || why === 'negotiation-timed-out')
        this.#log({ id: 20049, user })
      return
    }
    this.#began.delete(connection)
    const port = portOf(connection)
    const told = endedFor && ENDED_FOR[endedFor].event
    if (told !== undefined) this.#logOf(connection, { id: told, user, port })
    const { inbound, outbound } = usage
    this.#logOf(connection, {
      id: 20272,
      user,
      port,
      seconds: Math.floor(between(began, this.#context.stack.now) / MICROSECONDS),
      bytesSent: outbound.bytes,
      bytesReceived: inbound.bytes,
      why: (endedFor && ENDED_FOR[endedFor].why) ?? WHY[why] ?? 'the connection was lost',
    })
    this.#logOf(connection, { id: 20275, user, port })
    this.#account(connection, 'stop', (endedFor && ENDED_FOR[endedFor].cause) ?? CAUSES[why])
  }

  refused(why: 'no-port' | 'too-many-from-one', { remote }: IkeEndpoints): void {
    const from = formatIpv4(remote.address)
    this.#context.stack.log(
      'IKEEXT',
      why === 'no-port'
        ? `no port of IKEv2 is free for ${from}`
        : `${from} has as many security associations as one peer may have`,
    )
  }

  noAddress(): void {
    this.#log({ id: 20167 })
  }

  automaticAddresses(server: Ipv4): void {
    this.#log({ id: 20169, address: formatIpv4(server) })
  }

  methodRefused({ user, from }: Pick<RasClient, 'user' | 'from'>): void {
    const who = user === undefined ? {} : { user }
    this.#log({ id: 20276, ...who, address: formatIpv4(from) })
  }

  noCertificate(): void {
    this.#log({ id: 20168 })
  }

  reported(report: IkeReport, connection: RasConnection): void {
    if (report.kind === 'ike/authentication-failed' && report.by === 'own') {
      this.#unbelieved(report.fault, connection)
    }
    // It has hung up in the midst of EAP: nothing was there that it could come with.
    if (
      report.kind === 'ike/over' &&
      report.why === 'deleted-by-peer' &&
      !this.#began.has(connection)
    )
      this.#abandoned(connection, PEER_REFUSED, 'the client has given up')
    if (report.kind !== 'ike/child-refused' || report.exchange !== 'IKE_AUTH') return
    const told = CHILDLESS[report.notify]
    if (told !== undefined) this.#abandoned(connection, ...told)
  }

  /** What RADIUS has turned down is logged where it was asked. */
  #unbelieved(fault: AuthenticationFault, connection: RasConnection): void {
    const { outcome } = connection
    switch (fault.code) {
      case 'method-not-accepted':
        return this.methodRefused(connection)
      case 'no-certificate':
        return this.noCertificate()
      case 'eap-failed':
        if (outcome?.kind !== 'abandoned') return
        return this.#abandoned(connection, PEER_REFUSED, 'the client has given up')
      case 'bad-auth':
        return this.#abandoned(connection, BAD_AUTH, 'the last proof of the client does not verify')
      case 'certificate-refused':
      case 'unreadable-certificate':
      case 'missing-payload':
      case 'other-identity':
    }
  }

  #abandoned(connection: RasConnection, code: number, why: string): void {
    if (!this.#context.assumed().gatewayLogsAbandonedDials) return
    const { user } = connection
    const who = user === undefined ? {} : { user }
    this.#log({ id: 20255, port: portOf(connection), ...who, code, why })
  }

  /** A device is no user; whether RRAS calls it one is assumed. */
  #logOf(connection: RasClient, event: GatewayEvent): void {
    const isDevice = connection.outcome === undefined
    if (isDevice && this.#context.assumed().gatewayLogsDevices === 'none') return
    this.#log(event)
  }

  #log(event: GatewayEvent): void {
    const { stack } = this.#context
    const { source, text, id, fields } = gatewayEvent(stack.wallClock, event)
    stack.log(source, text, id, fields)
  }

  #account(
    { session, address, usage: carried }: RasClient,
    status: 'start' | 'interim' | 'stop',
    cause?: TerminateCause,
  ): void {
    const { stack, current } = this.#context
    const spec = serviceOf(current().topology, stack.name, 'vpn-gateway')
    if (spec?.accounting !== 'radius' || session === undefined) return
    const { inbound, outbound } = carried
    const usage: SessionUsage = {
      inputOctets: inbound.bytes,
      outputOctets: outbound.bytes,
      inputPackets: inbound.packets,
      outputPackets: outbound.packets,
    }
    const told = { session, status, usage, ...(cause !== undefined && { cause }) }
    this.#context.gateway()?.account(told, address)
  }
}

const portOf = ({ protocol, port }: RasClient): string => rasPort(protocol, port)
