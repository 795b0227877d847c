/** What went through a tunnel, whatever carries it: for accounting and events. Not ESP's or TCP's own bytes. */

/** One direction. */
export interface PacketCount {
  readonly packets: number
  /** Of inner packets. */
  readonly bytes: number
}

export interface TunnelUsage {
  readonly outbound: PacketCount
  readonly inbound: PacketCount
}
