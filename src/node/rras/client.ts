/**
 * What a gateway knows of one client, by whichever protocol it came. Not the connections themselves: `connection.ts` for IKEv2, `sstp-connection.ts`
 * for SSTP.
 */
import type { Ipv4 } from '../../base/address.ts'
import { between, type Duration, type Instant } from '../../base/time.ts'
import type { OverReason } from '../../engine/ikev2/report.ts'
import type { SstpEnd } from '../../engine/sstp/contract.ts'
import type { TunnelUsage } from '../../engine/tunnel-usage.ts'
import type { TunnelRefusal } from '../../net/sockets.ts'
import type { Timer } from '../../net/world.ts'
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
  /** It was ended because it carried nothing. */
  readonly wasIdle: boolean
  readonly usage: TunnelUsage
  /** An inner packet for the client. */
  send(packet: Uint8Array): TunnelRefusal | void
}

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

export interface IdleWatchHost {
  readonly now: Instant
  after(delay: Duration, run: () => void): Timer
}

/** Says when a connection has carried nothing for `limit`, once. `carried`: when it last did. */
export class IdleWatch {
  #timer: Timer | undefined

  start(host: IdleWatchHost, limit: Duration, carried: () => Instant, isIdle: () => void): void {
    const watch = (within: Duration): void => {
      this.#timer = host.after(within, () => {
        const quiet = between(carried(), host.now)
        if (quiet < limit) watch((limit - quiet) as Duration)
        else isIdle()
      })
    }
    this.stop()
    watch(limit)
  }

  stop(): void {
    this.#timer?.cancel()
  }
}
