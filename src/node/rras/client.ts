/**
 * What a gateway knows of one client, by whichever protocol it came. Not the connections themselves: `connection.ts` for IKEv2, `sstp-connection.ts`
 * for SSTP.
 */
import type { Ipv4 } from '../../base/address.ts'
import type { OverReason } from '../../engine/ikev2/report.ts'
import type { SstpEnd } from '../../engine/sstp/contract.ts'
import type { TunnelUsage } from '../../engine/tunnel-usage.ts'
import type { TunnelRefusal } from '../../net/sockets.ts'
import { attributeValue } from '../../wire/radius/attributes.ts'
import type { EapPeerEnd, NasOutcome } from '../nas/nas.ts'

export interface RasClient {
  readonly protocol: 'ikev2' | 'sstp'
  /** The WAN miniport's, which no other connection of that protocol has. */
  readonly port: number
  /** From where it comes, as the gateway sees it now. */
  readonly from: Ipv4
  /** As EAP's identity, or the certificate's subject, says. */
  readonly user: string | undefined
  /** Inside; set by who gives addresses. */
  address: Ipv4 | undefined
  /** What both sides know the connection by; undefined: nothing yet. */
  readonly key: string | undefined
  /** It has got through to its address. */
  readonly isEstablished: boolean
  readonly session: string | undefined
  readonly outcome: NasOutcome | undefined
  /** Why the gateway itself has ended it; undefined: it did not. */
  readonly endedFor: RasEnding | undefined
  readonly usage: TunnelUsage
  /** Say good-bye, for this reason. */
  end(why: RasEnding): void
  /** An inner packet for the client. */
  send(packet: Uint8Array): TunnelRefusal | void
}

/** It carried nothing, it lasted as long as the RADIUS server allowed, or its address is no longer the gateway's to give. */
export type RasEnding = 'idle' | 'session-limit' | 'address-lost'

export type RasEnd = OverReason | SstpEnd

/** Who calls, as RADIUS is told. */
export interface Caller {
  readonly user: string
  readonly address: Ipv4
  /** What both sides know the connection by: the initiator's SPI in hexadecimal, or the correlation id of SSTP. */
  readonly key: string
}

export type Authenticate = (
  caller: Caller,
  peer: EapPeerEnd,
  done: (outcome: NasOutcome, session: string) => void,
) => void

const FRAMED_IP_ANY = 0xfffffffe

/** The address that the RADIUS server wants the client to have. */
export function framedAddress(outcome: NasOutcome | undefined): Ipv4 | undefined {
  if (outcome?.kind !== 'accepted') return undefined
  const told = attributeValue(outcome.packet.attributes, 'Framed-IP-Address')
  return told === undefined || told >>> 0 >= FRAMED_IP_ANY ? undefined : ((told >>> 0) as Ipv4)
}
