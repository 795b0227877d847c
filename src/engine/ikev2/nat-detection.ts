/**
 * NAT_DETECTION_SOURCE_IP and NAT_DETECTION_DESTINATION_IP (RFC 7296 §2.23): what each side says of its address, and who is behind a NAT.
 */
import { hash } from 'node:crypto'
import { concat, equalBytes, setU16, setU32 } from '../../base/bytes.ts'
import { NotifyType } from '../../wire/ikev2/notify-types.ts'
import type { IkePayload } from '../../wire/ikev2/payloads.ts'
import type { IkeEndpoint, IkeEndpoints } from './options.ts'
import { notify } from './payload.ts'

/** Both SPIs as they stand in the header. */
export interface Spis {
  readonly spiI: Uint8Array
  readonly spiR: Uint8Array
}

export interface Behind {
  /** This host's address is another on the way. */
  readonly own: boolean
  readonly peer: boolean
}

/** SHA-1(SPIi | SPIr | address | port), 20 bytes. */
export function natHash({ spiI, spiR }: Spis, { address, port }: IkeEndpoint): Uint8Array {
  const where = new Uint8Array(6)
  setU32(where, 0, address)
  setU16(where, 4, port)
  return new Uint8Array(hash('sha1', concat(spiI, spiR, where), 'buffer'))
}

/** What goes into a message over these endpoints. */
export const natDetection = (spis: Spis, endpoints: IkeEndpoints): readonly IkePayload[] => [
  notify(NotifyType.NAT_DETECTION_SOURCE_IP, natHash(spis, endpoints.local)),
  notify(NotifyType.NAT_DETECTION_DESTINATION_IP, natHash(spis, endpoints.remote)),
]

/** What a message that came over these endpoints says. Undefined: nothing, so the peer does not do NAT traversal. */
export function behindNat(
  payloads: readonly IkePayload[],
  spis: Spis,
  { local, remote }: IkeEndpoints,
): Behind | undefined {
  const hashes = (type: number): readonly Uint8Array[] =>
    payloads.flatMap((each) => (each.kind === 'notify' && each.type === type ? [each.data] : []))
  const sources = hashes(NotifyType.NAT_DETECTION_SOURCE_IP)
  const destinations = hashes(NotifyType.NAT_DETECTION_DESTINATION_IP)
  if (sources.length === 0 || destinations.length === 0) return undefined
  const here = natHash(spis, local)
  const there = natHash(spis, remote)
  return {
    own: !destinations.some((each) => equalBytes(each, here)),
    // A host of several addresses may name them all (RFC 7296 §2.23).
    peer: !sources.some((each) => equalBytes(each, there)),
  }
}
