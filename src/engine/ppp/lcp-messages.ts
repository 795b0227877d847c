/**
 * What LCP says beside the negotiation: who this is (Identification, RFC 1570 §2.1), and that a protocol is not known here (Protocol-Reject, RFC 1661
 * §5.7).
 */
import { concat, toLatin1 } from '../../base/bytes.ts'
import { ControlCode } from '../../wire/ppp/control.ts'
import { pppProtocolName, type PppFrame } from '../../wire/ppp/frame.ts'
import { nextIdentifier, send, type Policy } from './control-protocol.ts'
import { say, type Run } from './state.ts'

const MAGIC_BYTES = 4
const TEXT_MAX = 64

/** Windows tells its version and its name like this. ASCII; what is longer than 64 letters is cut. */
export function identify(run: Run, lcp: Policy, text: string): void {
  const magic = run.state.magic ?? 0
  const data = concat(
    Uint8Array.of(magic >>> 24, magic >>> 16, magic >>> 8, magic),
    Uint8Array.from(text.slice(0, TEXT_MAX), (letter) => letter.charCodeAt(0) & 0x7f),
  )
  const identifier = nextIdentifier(lcp.control)
  send(run, lcp, { code: ControlCode.Identification, identifier, data })
}

/** The text of a peer's: printable ASCII of it, a point for every other byte. */
export const identificationOf = (data: Uint8Array): string =>
  toLatin1(data.subarray(MAGIC_BYTES, MAGIC_BYTES + TEXT_MAX)).replace(/[^\x20-\x7e]/g, '.')

/** With as much of the packet as the peer takes. */
export function rejectProtocol(run: Run, lcp: Policy, { protocol, information }: PppFrame): void {
  const { peerMru } = run.state
  say(run, { kind: 'ppp/protocol-rejected', by: 'own', protocol: pppProtocolName(protocol) })
  const data = concat(Uint8Array.of(protocol >>> 8, protocol), information)
  const identifier = nextIdentifier(lcp.control)
  const rejected = data.subarray(0, Math.max(0, peerMru - 4))
  send(run, lcp, { code: ControlCode['Protocol-Reject'], identifier, data: rejected })
}
