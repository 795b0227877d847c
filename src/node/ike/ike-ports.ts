/**
 * Where IKE and ESP come in and go out on a host: UDP 500, UDP 4500 (RFC 3948), and IP protocol 50. One for all sessions of the host: it knows
 * which datagram is whose. Not the protocol: `engine/ikev2` and `engine/esp` have that.
 */
import { u32 } from '../../base/bytes.ts'
import { err, ok, type Result } from '../../base/result.ts'
import type { IkeEndpoints } from '../../engine/ikev2/options.ts'
import { routeOf } from '../../engine/ikev2/route.ts'
import type { Datagram, Host, RawSocket, UdpSocket } from '../../net/sockets.ts'
import type { WireError } from '../../wire/codec.ts'
import { ESP_HEADER_BYTES, kindOfNatT } from '../../wire/esp.ts'
import { IKE_PORT, NAT_T_PORT, withMarker, withoutMarker } from '../../wire/ikev2/header.ts'
import { PROTOCOL } from '../../wire/ipv4.ts'
import type { EspCarriage } from './esp-path.ts'

/** A session, as far as datagrams go. */
export interface IkeEnd {
  /** A message that begins with the IKE header. */
  onIke(bytes: Uint8Array, endpoints: IkeEndpoints): void
  /** A whole ESP packet whose SPI is this session's, in UDP or not. `within`: the number in the trace of the packet that carried it. */
  onEsp(packet: Uint8Array, within: number): void
}

/** The first message of somebody unknown; what cannot be read is handed back with why. Absent: nobody may call here. */
type OnStranger = (bytes: Uint8Array, endpoints: IkeEndpoints) => WireError | undefined

export class IkePorts {
  readonly #onStranger: OnStranger | undefined
  readonly #sockets = new Map<number, UdpSocket>()
  readonly #raw: RawSocket
  readonly #sessions = new Map<string, IkeEnd>()
  readonly #spis = new Map<number, IkeEnd>()

  private constructor(host: Host, onStranger: OnStranger | undefined) {
    this.#onStranger = onStranger
    this.#raw = host.raw.open(PROTOCOL.esp, {
      onPacket: ({ payload, packet }) => this.#onEsp(payload, packet),
    })
  }

  /** The error: the port that somebody else has. */
  static open(host: Host, onStranger?: OnStranger): Result<IkePorts, number> {
    const ports = new IkePorts(host, onStranger)
    for (const port of [IKE_PORT, NAT_T_PORT]) {
      const opened = host.udp.open({ onDatagram: (datagram) => ports.#take(datagram) }, { port })
      if (!opened.ok) {
        ports.close()
        return err(port)
      }
      ports.#sockets.set(port, opened.value)
    }
    return ok(ports)
  }

  // ── whose is what ──

  /** IKE datagrams whose route is `key` are for this session, or no longer. */
  route(change: 'add' | 'remove', key: string, end: IkeEnd): void {
    if (change === 'add') this.#sessions.set(key, end)
    else this.#sessions.delete(key)
  }

  /** ESP packets with this SPI are for this session, or no longer. */
  spi(change: 'add' | 'remove', spi: number, end: IkeEnd): void {
    if (change === 'add') this.#spis.set(spi, end)
    else this.#spis.delete(spi)
  }

  isSpiFree(spi: number): boolean {
    return !this.#spis.has(spi)
  }

  // ── in ──

  #take({ bytes, from, to, packet }: Datagram): WireError | undefined {
    const endpoints = { local: to, remote: from }
    if (to.port === IKE_PORT) return this.#onIke(bytes, endpoints)
    switch (kindOfNatT(bytes)) {
      case 'ike':
        return this.#onIke(withoutMarker(bytes)!, endpoints)
      case 'esp':
        this.#onEsp(bytes, packet)
        return undefined
      case 'keepalive':
        return undefined
      case 'malformed':
        return { code: 'bad-value', layer: 'nat-t', field: 'SPI', offset: 0, rfc: 'RFC 3948 §2' }
    }
  }

  #onIke(bytes: Uint8Array, endpoints: IkeEndpoints): WireError | undefined {
    const route = routeOf(bytes, endpoints.remote)
    if (route.kind === 'none') return NOT_IKE
    const known = this.#sessions.get(route.key)
    if (known === undefined) {
      return route.kind === 'first' ? this.#onStranger?.(bytes, endpoints) : undefined
    }
    known.onIke(bytes, endpoints)
    return undefined
  }

  #onEsp(packet: Uint8Array, within: number): void {
    if (packet.length < ESP_HEADER_BYTES) return
    this.#spis.get(u32(packet, 0))?.onEsp(packet, within)
  }

  // ── out ──

  /** An IKE message. IP may cut it: big certificates are why IKE fragments were invented. */
  sendIke({ local, remote }: IkeEndpoints, bytes: Uint8Array, marker: boolean): void {
    const datagram = marker ? withMarker(bytes) : bytes
    this.#sockets
      .get(local.port)
      ?.send(remote, datagram, { source: local.address, dontFragment: false })
  }

  /** ESP in UDP, or as a protocol of its own. */
  sendEsp(
    { local, remote }: IkeEndpoints,
    packet: Uint8Array,
    { encapsulates, dontFragment }: EspCarriage,
  ): void {
    const options = { source: local.address, dontFragment }
    if (encapsulates) this.#sockets.get(local.port)?.send(remote, packet, options)
    else this.#raw.send(remote.address, packet, options)
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.close()
    this.#sockets.clear()
    this.#raw.close()
  }
}

const NOT_IKE: WireError = {
  code: 'bad-value',
  layer: 'ike',
  field: 'header',
  offset: 0,
  rfc: 'RFC 7296 §3.1',
}
