/**
 * PPP frames as a tunnel carries them (RFC 1661 §2): address and control (RFC 1662 §3.1), a protocol, its information. Not HDLC: the carrier keeps frames
 * apart and whole, so there are no flags, no escapes and no check sequence.
 */
import { concat } from '../../base/bytes.ts'
import { decoder } from '../codec.ts'
import { namer } from '../names.ts'

/** PPP protocol numbers (IANA). */
export const PppProtocol = {
  IPV4: 0x0021,
  IPV6: 0x0057,
  IPCP: 0x8021,
  IPV6CP: 0x8057,
  CCP: 0x80fd,
  LCP: 0xc021,
  PAP: 0xc023,
  CHAP: 0xc223,
  EAP: 0xc227,
} as const
const nameOf = namer(PppProtocol, '')
/** `IPCP`, `protocol 0x8035`. */
export const pppProtocolName = (protocol: number): string => {
  const name = nameOf(protocol)
  return name.startsWith(' ') ? `protocol 0x${protocol.toString(16).padStart(4, '0')}` : name
}

export interface PppFrame {
  readonly protocol: number
  readonly information: Uint8Array
}

/** Address, control and protocol. */
export const PPP_HEADER_BYTES = 4

const ALL_STATIONS = 0xff
const UNNUMBERED_INFORMATION = 0x03

/**
 * A view, not a copy. Also in the short forms that a peer may use after it has asked for them (RFC 1661 §6.5, §6.6): they cannot be mistaken for
 * anything else.
 */
export const decodePppFrame = decoder<PppFrame>('ppp', (r) => {
  if (r.bytes[0] === ALL_STATIONS && r.bytes[1] === UNNUMBERED_INFORMATION) {
    r.skip(2, 'Address and Control', 'RFC 1662 §3.1')
  }
  const first = r.u8('Protocol', 'RFC 1661 §2')
  const isShort = (first & 1) !== 0
  const protocol = isShort ? first : (first << 8) | r.u8('Protocol', 'RFC 1661 §2')
  // The last byte is odd, and only the last.
  if ((protocol & 1) === 0) r.reject('bad-value', 'Protocol', 'RFC 1661 §2')
  return { protocol, information: r.rest() }
})

export const encodePppFrame = ({ protocol, information }: PppFrame): Uint8Array =>
  concat(Uint8Array.of(ALL_STATIONS, UNNUMBERED_INFORMATION, protocol >>> 8, protocol), information)

/** Whether the protocol is of a network layer and not of the link or a negotiation (RFC 1661 §2). */
export const isNetworkProtocol = (protocol: number): boolean => protocol < 0x4000
