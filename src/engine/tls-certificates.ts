/**
 * The Certificate message: a chain as one side sends it, the end entity first. Not what the certificates say, and not the entries' extensions, of which
 * nobody here sends any. RFC 5246 §7.4.2, RFC 8446 §4.4.2.
 */
import { setU16, u16 } from '../base/bytes.ts'
import { HandshakeType } from './tls-registry.ts'

const LENGTH_BYTES = 3
/** Type and length. */
const HEAD_BYTES = 1 + LENGTH_BYTES

const u24 = (b: Uint8Array, at: number): number => (b[at]! << 16) | u16(b, at + 1)

function setU24(b: Uint8Array, at: number, value: number): void {
  b[at] = value >>> 16
  setU16(b, at + 1, value & 0xffff)
}

/** The whole message, with type and length. `chain`: DER; of TLS 1.3 with an empty context, and no extensions behind each entry. */
export function writeCertificates(chain: readonly Uint8Array[], isTls13: boolean): Uint8Array {
  const behind = isTls13 ? 2 : 0
  let listBytes = 0
  for (const der of chain) listBytes += LENGTH_BYTES + der.length + behind
  const listAt = HEAD_BYTES + (isTls13 ? 1 : 0) + LENGTH_BYTES
  const out = new Uint8Array(listAt + listBytes)
  out[0] = HandshakeType.certificate
  setU24(out, 1, out.length - HEAD_BYTES)
  setU24(out, listAt - LENGTH_BYTES, listBytes)
  let at = listAt
  for (const der of chain) {
    setU24(out, at, der.length)
    out.set(der, at + LENGTH_BYTES)
    at += LENGTH_BYTES + der.length + behind
  }
  return out
}

/** DER, as it was sent. `body` is without type and length. Undefined: its lengths do not fit. */
export function readCertificates(
  body: Uint8Array,
  isTls13: boolean,
): readonly Uint8Array[] | undefined {
  const listAt = (isTls13 ? 1 + (body[0] ?? 0) : 0) + LENGTH_BYTES
  if (listAt > body.length || listAt + u24(body, listAt - LENGTH_BYTES) !== body.length) {
    return undefined
  }
  const chain: Uint8Array[] = []
  let at = listAt
  while (at < body.length) {
    const start = at + LENGTH_BYTES
    if (start > body.length) return undefined
    const end = start + u24(body, at)
    if (end > body.length) return undefined
    chain.push(body.slice(start, end))
    at = end
    if (isTls13) at += 2 + (at + 2 <= body.length ? u16(body, at) : 0)
  }
  return at === body.length ? chain : undefined
}
