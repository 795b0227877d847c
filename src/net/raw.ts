/**
 * Sockets for one IP protocol that is neither UDP nor TCP: ESP and its like. Whole payloads, without the IP header.
 * Not the reading: `net/transports.ts` hands packets and ICMP errors to whoever opened their protocol.
 */
import type { Ipv4 } from '../base/address.ts'
import { microseconds } from '../base/time.ts'
import type { IpService, LocalHeader, OutgoingPacket, Sent } from './ip-service.ts'
import type { Raw, RawHandlers, RawSocket, SendOptions } from './sockets.ts'

const UNSPECIFIED = 0 as Ipv4

/** IP as raw sockets need it: by a chosen interface where asked, and with the packet's id. */
export interface RawIp extends IpService {
  send(packet: OutgoingPacket & LocalHeader): Sent
  addressOf(nic: string): Ipv4 | undefined
  openRaw(protocol: number, handlers: RawHandlers): () => void
}

export class RawLayer implements Raw {
  readonly #ip: RawIp

  constructor(ip: RawIp) {
    this.#ip = ip
  }

  open(protocol: number, handlers: RawHandlers): RawSocket {
    const stopReading = this.#ip.openRaw(protocol, handlers)
    let isOpen = true
    return {
      send: (to, payload, options = {}) => {
        const { packet, error } = this.#send(protocol, to, payload, options)
        if (error !== undefined) {
          const quoted = { source: error.from, destination: to, payload }
          this.#ip.after(microseconds(0), () => {
            if (isOpen) handlers.onError?.(error, quoted)
          })
        }
        return packet
      },
      close: () => {
        isOpen = false
        stopReading()
      },
    }
  }

  #send(protocol: number, to: Ipv4, payload: Uint8Array, options: SendOptions): Sent {
    const { nic, ttl, dontFragment = false } = options
    const own = nic === undefined ? this.#ip.sourceFor(to) : this.#ip.addressOf(nic)
    const source = options.source ?? own ?? UNSPECIFIED
    const header = { protocol, source, destination: to, dontFragment, nic, ttl }
    return this.#ip.send({ ...header, payload, ownSource: true })
  }
}
