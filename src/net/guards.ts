/**
 * What looks at a host's packets before its own firewall does, as callouts of the Windows Filtering Platform do: filters that come and go with a VPN
 * connection. Not a firewall, and nothing of what a router forwards.
 */
import type { Packet, PacketHooks, Stop } from './packet.ts'

export interface PacketGuard {
  /** A packet that this host sends; its interface is known. */
  output(packet: Packet): Stop | undefined
  /** A packet for this host, by whichever interface it came. */
  input(packet: Packet): Stop | undefined
}

/** `hooks` with `guards` before them, the first that stops a packet has stopped it. */
export function guarded(
  hooks: PacketHooks | undefined,
  guards: readonly PacketGuard[],
): PacketHooks | undefined {
  if (guards.length === 0) return hooks
  const asked = (packet: Packet, hook: keyof PacketGuard): Stop | undefined => {
    for (const guard of guards) {
      const stop = guard[hook](packet)
      if (stop !== undefined) return stop
    }
    return hooks?.[hook](packet)
  }
  return {
    prerouting: (packet) => hooks?.prerouting(packet),
    input: (packet) => asked(packet, 'input'),
    forward: (packet) => hooks?.forward(packet),
    output: (packet) => asked(packet, 'output'),
    postrouting: (packet) => hooks?.postrouting(packet),
  }
}
