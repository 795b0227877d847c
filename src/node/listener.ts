/**
 * Open ports: answers datagrams as the specification says, accepts TCP connections and closes when the peer does.
 * Not a protocol: enough of IKE and RADIUS that "does the port answer?" has an honest answer on the wire.
 */
import type { Rng } from '../base/rng.ts'
import type { Datagram, Host } from '../net/sockets.ts'
import type { ListenerSpec } from '../topology/services.ts'
import {
  decodeIke,
  encodeIke,
  IkeExchange,
  IkeFlag,
  IkePayload,
  NAT_T_PORT,
  withMarker,
  withoutMarker,
} from '../wire/ikev2/header.ts'
import { statusReply } from './status-server.ts'

/** Open the ports. The returned function closes them. A port that is taken is said in the host's log, and the rest opens. */
export function startListener(host: Host, spec: ListenerSpec): () => void {
  const rng = host.rng.fork(`listener/${spec.name}`)
  const udp = (spec.udp ?? []).flatMap((port) => {
    const onDatagram = (datagram: Datagram): void => {
      const bytes = answer(spec.speaks ?? 'echo', datagram, rng)
      if (bytes !== undefined && opened.ok) {
        opened.value.send(datagram.from, bytes, { source: datagram.to.address })
      }
    }
    const opened = host.udp.open({ onDatagram }, { port })
    if (!opened.ok) host.log(spec.name, `UDP port ${port} is taken`)
    return opened.ok ? [opened.value] : []
  })
  const tcp = (spec.tcp ?? []).flatMap((port) => {
    const opened = host.tcp.listen({ port }, (connection) => ({
      onEnd: () => connection.close(),
    }))
    if (!opened.ok) host.log(spec.name, `TCP port ${port} is taken`)
    return opened.ok ? [opened.value] : []
  })
  return () => {
    for (const each of [...udp, ...tcp]) each.close()
  }
}

function answer(
  speaks: NonNullable<ListenerSpec['speaks']>,
  datagram: Datagram,
  rng: Rng,
): Uint8Array | undefined {
  switch (speaks) {
    case 'echo':
      return datagram.bytes
    case 'ike':
      return answerIke(datagram, rng)
    case 'radius':
      return statusReply(datagram.bytes, datagram.to.port)
    case 'silent':
      return undefined
  }
}

/** The header of an IKE_SA_INIT response, to the header of a request (RFC 7296 §3.1). Anything else is ignored. */
function answerIke(datagram: Datagram, rng: Rng): Uint8Array | undefined {
  const marked = datagram.to.port === NAT_T_PORT
  const bytes = marked ? withoutMarker(datagram.bytes) : datagram.bytes
  if (bytes === undefined) return undefined
  const decoded = decodeIke(bytes)
  if (!decoded.ok) return undefined
  const request = decoded.value
  const first =
    request.exchange === IkeExchange.saInit &&
    request.flags === IkeFlag.initiator &&
    request.messageId === 0 &&
    request.initiatorSpi.some((byte) => byte !== 0) &&
    request.responderSpi.every((byte) => byte === 0)
  if (!first) return undefined
  const reply = encodeIke({
    initiatorSpi: request.initiatorSpi,
    responderSpi: rng.bytes(8),
    nextPayload: IkePayload.none,
    exchange: IkeExchange.saInit,
    flags: IkeFlag.response,
    messageId: 0,
    payloads: new Uint8Array(),
  })
  return marked ? withMarker(reply) : reply
}
