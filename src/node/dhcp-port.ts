/**
 * UDP 67 or 68 of one interface, which several programs of a host may read: the host's own DHCP client and RRAS on 68, a server's scopes and a relay
 * agent on 67. Each looks for what is for it. Not the programs.
 */
import { err, ok, type Result } from '../base/result.ts'
import type { Host, Udp, UdpHandlers, UdpSocket } from '../net/sockets.ts'

type Reader = UdpHandlers['onDatagram']

interface Shared {
  readonly socket: UdpSocket
  readonly readers: Set<Reader>
}

const PORTS = new WeakMap<Udp, Map<string, Shared>>()

/** The error: a program that shares with nobody has the port. */
export function openDhcpPort(
  { udp }: Pick<Host, 'udp'>,
  bind: { readonly port: number; readonly nic: string },
  onDatagram: Reader,
): Result<UdpSocket, 'port-in-use'> {
  const ports = PORTS.get(udp) ?? new Map<string, Shared>()
  PORTS.set(udp, ports)
  const key = `${bind.port} ${bind.nic}`
  const shared = ports.get(key) ?? opened(udp, bind)
  if (shared === undefined) return err('port-in-use')
  ports.set(key, shared)
  const { socket, readers } = shared
  // A reader of its own for each caller, though two may hand over the same function.
  const reader: Reader = (datagram) => onDatagram(datagram)
  readers.add(reader)
  return ok({
    port: socket.port,
    send: (to, bytes, options) => socket.send(to, bytes, options),
    close() {
      readers.delete(reader)
      if (readers.size > 0 || ports.get(key) !== shared) return
      socket.close()
      ports.delete(key)
    },
  })
}

function opened(udp: Udp, bind: { readonly port: number; readonly nic: string }) {
  const readers = new Set<Reader>()
  const socket = udp.open(
    {
      onDatagram: (datagram) => {
        const faults = [...readers].map((read) =>
          read({ ...datagram, bytes: datagram.bytes.slice() }),
        )
        return faults.find((fault) => fault !== undefined)
      },
    },
    bind,
  )
  return socket.ok ? { socket: socket.value, readers } : undefined
}
