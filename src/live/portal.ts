/**
 * All doors of one node: a real port for each port that its services have open, and the ways out to real servers.
 * Not a firewall: what comes in stands before the service, past the node's own filter. Either every door opens or none.
 */
import type { Ipv4 } from '../base/address.ts'
import { formatIpv4 } from '../base/address.ts'
import { err, ok, type Result } from '../base/result.ts'
import { Outbound, type Remote, type Source } from './outbound.ts'
import type { LiveProblem } from './problem.ts'
import { bindTcp, TcpDoor } from './tcp-door.ts'
import { bindUdp, UdpDoor, type Hall } from './udp-door.ts'

export interface PortalOptions {
  /** An address of this machine. */
  readonly bind: Ipv4
  readonly wanted: readonly WantedDoor[]
  readonly remotes: readonly Remote[]
  readonly sources: readonly Source[]
}

export interface WantedDoor {
  readonly protocol: 'udp' | 'tcp'
  readonly servicePort: number
  /** On this machine; 0: any that is free. */
  readonly port: number
}

export interface Portal {
  readonly doors: readonly Required<WantedDoor>[]
  /** Resolves when every socket is closed. */
  close(): Promise<void>
}

type Door = UdpDoor | TcpDoor

/** The clock must run already: who comes before all doors are open is served, too. */
export async function openPortal(
  hall: Hall,
  options: PortalOptions,
): Promise<Result<Portal, LiveProblem>> {
  const { stack } = hall
  const udpDoors = new Map<number, UdpDoor>()
  const doors: Door[] = []
  const outbound = new Outbound(hall, options)
  const close = async (): Promise<void> => {
    stack.udp.divert = undefined
    await Promise.all([...doors.map((door) => door.close()), outbound.close()])
  }
  stack.udp.divert = (port, to, bytes, source) =>
    udpDoors.get(port)?.send(to, bytes) ?? outbound.send({ port, source }, to, bytes)

  for (const wanted of options.wanted) {
    const opened = await openDoor(hall, formatIpv4(options.bind), wanted)
    if (!opened.ok) {
      await close()
      return opened
    }
    doors.push(opened.value)
    if (opened.value instanceof UdpDoor) udpDoors.set(wanted.servicePort, opened.value)
  }
  return ok({
    doors: doors.map((door) => ({
      protocol: door instanceof UdpDoor ? 'udp' : 'tcp',
      servicePort: door.servicePort,
      port: door.port,
    })),
    close,
  })
}

async function openDoor(
  hall: Hall,
  address: string,
  { protocol, servicePort, port }: WantedDoor,
): Promise<Result<Door, LiveProblem>> {
  if (protocol === 'udp') {
    const socket = await bindUdp(address, port)
    return socket.ok ? ok(new UdpDoor(hall, servicePort, socket.value)) : err(socket.error)
  }
  const server = await bindTcp(address, port)
  return server.ok ? ok(new TcpDoor(hall, servicePort, server.value)) : err(server.error)
}
