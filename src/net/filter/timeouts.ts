/**
 * How long an entry without traffic lives, per protocol and state: Linux's defaults, or what a FilterSpec says.
 * Not a clock. All spans in µs.
 */
import { minutes, seconds, type Duration } from '../../base/time.ts'
import type { SessionTimeouts } from '../../topology/firewall.ts'
import {
  CLOSE,
  CLOSE_WAIT,
  ESTABLISHED,
  FIN_WAIT,
  LAST_ACK,
  NONE,
  SYN_RECEIVED,
  SYN_SENT,
  SYN_SENT_BOTH,
  TIME_WAIT,
} from './tcp-tracking.ts'

export interface Timeouts {
  readonly udp: Duration
  readonly udpStream: Duration
  readonly icmp: Duration
  readonly generic: Duration
  readonly gre: Duration
  readonly greStream: Duration
  /** By TCP state. */
  readonly tcp: readonly Duration[]
  /** The most that a TCP entry gets whose sender keeps repeating itself (tcp_timeout_max_retrans). */
  readonly tcpRepeating: Duration
  /** The most that a TCP entry gets while data is unacknowledged (tcp_timeout_unacknowledged). */
  readonly tcpUnacknowledged: Duration
}

export function timeoutsOf(spec: SessionTimeouts = {}): Timeouts {
  const tcp = Array<Duration>(10).fill(minutes(2))
  tcp[NONE] = minutes(2)
  tcp[SYN_SENT] = spec.tcpSynSent ?? minutes(2)
  tcp[SYN_RECEIVED] = spec.tcpSynReceived ?? minutes(1)
  tcp[ESTABLISHED] = spec.tcpEstablished ?? minutes(5 * 24 * 60)
  tcp[FIN_WAIT] = spec.tcpFinWait ?? minutes(2)
  tcp[CLOSE_WAIT] = spec.tcpCloseWait ?? minutes(1)
  tcp[LAST_ACK] = spec.tcpLastAck ?? seconds(30)
  tcp[TIME_WAIT] = spec.tcpTimeWait ?? minutes(2)
  tcp[CLOSE] = spec.tcpClose ?? seconds(10)
  tcp[SYN_SENT_BOTH] = minutes(2)
  return {
    udp: spec.udp ?? seconds(30),
    udpStream: spec.udpStream ?? minutes(2),
    icmp: spec.icmp ?? seconds(30),
    generic: spec.generic ?? minutes(10),
    gre: seconds(30),
    greStream: minutes(3),
    tcp,
    tcpRepeating: minutes(5),
    tcpUnacknowledged: minutes(5),
  }
}
