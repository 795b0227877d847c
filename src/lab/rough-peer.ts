/**
 * A client's end of EAP that does not keep to the rules: it leaves, or what it says is changed on its way to the gateway.
 * Not a fault of a link: the gateway signs what it is given, so RADIUS around it stays whole. RFC 3748 §4, RFC 5216 §3.1.
 */
import type { EapPeerEnd } from '../node/nas/nas.ts'
import { EapCode, EapType } from '../wire/eap/packet.ts'
import type { AuthenticateOptions, Tampering } from './lab.ts'

const EAP_HEADER = 4
const L_BIT = 0x80
const M_BIT = 0x40
/** Type of the handshake message, behind the five bytes of the record. */
const MESSAGE_TYPE_AT = 5
/** A message that only a server sends (RFC 8446 §4). */
const SERVER_HELLO_DONE = 14

/** The end itself where nothing is asked of it. */
export function roughened(
  end: EapPeerEnd,
  { leavesAfter = Infinity, tampering }: Pick<AuthenticateOptions, 'leavesAfter' | 'tampering'>,
): EapPeerEnd {
  if (leavesAfter === Infinity && tampering === undefined) return end
  let answers = 0
  let flights = 0
  return {
    packet(bytes, done) {
      end.packet(bytes, (answer) => {
        if (answer === undefined) return done(answer)
        answers += 1
        if (answers > leavesAfter) return done(undefined)
        const data = tlsDataAt(answer)
        if (tampering === undefined || data === undefined) return done(answer)
        const isLast = (answer[EAP_HEADER + 1]! & M_BIT) === 0
        const isDue = flights === (tampering === 'record' ? 1 : 0) && isLast
        if (isLast) flights += 1
        done(isDue ? tamperedWith(answer, data, tampering) : answer)
      })
    },
  }
}

/** Where the TLS of a response begins; undefined: it carries none. */
function tlsDataAt(answer: Uint8Array): number | undefined {
  const type = answer[EAP_HEADER]
  if (answer[0] !== EapCode.response || (type !== EapType.tls && type !== EapType.peap)) {
    return undefined
  }
  const at = EAP_HEADER + 2 + ((answer[EAP_HEADER + 1]! & L_BIT) === 0 ? 0 : 4)
  return at < answer.length ? at : undefined
}

function tamperedWith(answer: Uint8Array, data: number, tampering: Tampering): Uint8Array {
  if (tampering === 'sequence') {
    const length = EAP_HEADER + 2
    return Uint8Array.of(answer[0]!, answer[1]!, 0, length, answer[EAP_HEADER]!, 0)
  }
  const changed = answer.slice()
  if (tampering === 'message') changed[data + MESSAGE_TYPE_AT] = SERVER_HELLO_DONE
  else changed[changed.length - 1]! ^= 1
  return changed
}
