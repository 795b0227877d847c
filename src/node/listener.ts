/**
 * Open ports: answers datagrams as the specification says, accepts TCP connections and closes when the peer does.
 * Not a protocol: enough of IKE and RADIUS that "does the port answer?" has an honest answer on the wire.
 */
import { ok, type Result } from '../base/result.ts'
import type { Rng } from '../base/rng.ts'
import type { Datagram, Host } from '../net/sockets.ts'
import type { ListenerSpec } from '../topology/services.ts'
import type { WireError } from '../wire/codec.ts'
import {
  decodeIke,
  encodeIke,
  IkeExchange,
  IkeFlag,
  NAT_T_PORT,
  withMarker,
  withoutMarker,
} from '../wire/ikev2/header.ts'
import { IkePayloadType } from '../wire/ikev2/numbers.ts'
import { statusReply } from './status-server.ts'

/** Open the ports. The returned function closes them. A port that is taken is said in the host's log, and the rest opens. */
export function startListener(host: Host, spec: ListenerSpec): () => void {
  const rng = host.rng.fork(`listener/${spec.name}`)
  const udp = (spec.udp ?? []).flatMap((port) => {
    const onDatagram = (datagram: Datagram): WireError | undefined => {
      const answered = answer(spec.speaks ?? 'echo', datagram, rng)
      if (!answered.ok) return answered.error
      if (answered.value !== undefined && opened.ok) {
        opened.value.send(datagram.from, answered.value, { source: datagram.to.address })
      }
      return undefined
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

/** What to say; undefined: nothing. The error: it could not be read. */
type Said = Result<Uint8Array | undefined, WireError>

function answer(speaks: NonNullable<ListenerSpec['speaks']>, datagram: Datagram, rng: Rng): Said {
  switch (speaks) {
    case 'echo':
      return ok(datagram.bytes)
    case 'ike':
      return answerIke(datagram, rng)
    case 'radius':
      return statusReply(datagram.bytes, datagram.to.port)
    case 'silent':
      return ok(undefined)
  }
}

/** The header of an IKE_SA_INIT response, to the header of a request (RFC 7296 §3.1). Anything else is ignored. */
function answerIke(datagram: Datagram, rng: Rng): Said {
  const marked = datagram.to.port === NAT_T_PORT
  const bytes = marked ? withoutMarker(datagram.bytes) : datagram.bytes
  // Without the marker it is ESP in UDP, which nobody here reads.
  if (bytes === undefined) return ok(undefined)
  const decoded = decodeIke(bytes)
  if (!decoded.ok) return decoded
  const request = decoded.value
  const first =
    request.exchange === IkeExchange.saInit &&
    request.flags === IkeFlag.initiator &&
    request.messageId === 0 &&
    request.initiatorSpi.some((byte) => byte !== 0) &&
    request.responderSpi.every((byte) => byte === 0)
  if (!first) return ok(undefined)
  const reply = encodeIke({
    initiatorSpi: request.initiatorSpi,
    responderSpi: rng.bytes(8),
    nextPayload: IkePayloadType.none,
    exchange: IkeExchange.saInit,
    flags: IkeFlag.response,
    messageId: 0,
    payloads: new Uint8Array(),
  })
  return ok(marked ? withMarker(reply) : reply)
}
