/**
 * What a UDP probe says: a message of the protocol that lives on the port, so that firewalls, servers and Wireshark take it for what it is.
 * Not a client: nobody waits for an answer here.
 */
import { concat } from '../base/bytes.ts'
import type { Rng } from '../base/rng.ts'
import { encodeMessage } from '../wire/dns/encode.ts'
import { queryFor } from '../wire/dns/message.ts'
import { ROOT } from '../wire/dns/name.ts'
import { CLASS, TYPE } from '../wire/dns/registry.ts'
import {
  encodeIke,
  IKE_PORT,
  IkeExchange,
  IkeFlag,
  NAT_T_PORT,
  NON_ESP_MARKER_BYTES,
  withMarker,
} from '../wire/ikev2/header.ts'
import {
  EncryptionId,
  GroupId,
  IntegrityId,
  PrfId,
  SecurityProtocol,
  TransformType,
} from '../wire/ikev2/numbers.ts'
import { encodePayloads, PAYLOAD_HEADER_BYTES } from '../wire/ikev2/payload-chain.ts'
import type { IkePayload } from '../wire/ikev2/payloads.ts'
import type { IkeProposal } from '../wire/ikev2/security-association.ts'
import { ACCOUNTING_PORTS, AUTHENTICATION_PORTS, statusRequest } from './status-server.ts'

const DNS_PORT = 53
/** RFC 6891 §6.1.2, RFC 7830 §3. */
const OPT_BYTES = 11
const EDNS_OPTION_HEADER_BYTES = 4
const EDNS_PADDING = 12
/**
 * The UDP payload of a probe to `port`: an IKE_SA_INIT request on 500 and 4500, Status-Server on RADIUS ports, a question for the root's
 * name servers on 53, nothing on any other port. `size`: at least this many bytes, for probes that are to be fragmented. `secret`: what
 * the sender shares with the RADIUS server there.
 */
export function probePayload(
  port: number,
  rng: Rng,
  {
    size = 0,
    secret,
  }: { readonly size?: number | undefined; readonly secret?: string | undefined } = {},
): Uint8Array {
  if (port === IKE_PORT) return ikeRequest(rng, size)
  if (port === NAT_T_PORT) return withMarker(ikeRequest(rng, size - NON_ESP_MARKER_BYTES))
  if (port === DNS_PORT) return rootQuery(rng, size)
  const radius = AUTHENTICATION_PORTS.includes(port) || ACCOUNTING_PORTS.includes(port)
  return padded(radius ? statusRequest(rng, secret) : new Uint8Array(), size)
}

/** RADIUS ignores octets beyond its Length; the other ports' owners never see a probe with a size. */
const padded = (bytes: Uint8Array, size: number): Uint8Array =>
  concat(bytes, new Uint8Array(Math.max(0, size - bytes.length)))

/** A proposal that nobody may accept, since it encrypts nothing: a responder says so, and remembers nothing (RFC 7296 §2.7, §5). */
const UNACCEPTABLE: IkeProposal = {
  number: 1,
  protocol: SecurityProtocol.IKE,
  spi: new Uint8Array(),
  transforms: [
    { type: TransformType.ENCR, id: EncryptionId.ENCR_NULL },
    { type: TransformType.PRF, id: PrfId.PRF_HMAC_SHA1 },
    { type: TransformType.INTEG, id: IntegrityId.AUTH_HMAC_SHA1_96 },
    { type: TransformType.DH, id: GroupId.MODP_1024 },
  ],
}
const MODP_1024_BYTES = 128
const NONCE_BYTES = 32

/** IKE ignores no octets, so a Vendor ID that nobody knows fills the room (RFC 7296 §3.12). */
function ikeRequest(rng: Rng, size: number): Uint8Array {
  const initiatorSpi = rng.bytes(8)
  const payloads: readonly IkePayload[] = [
    { kind: 'sa', proposals: [UNACCEPTABLE] },
    { kind: 'ke', group: GroupId.MODP_1024, data: rng.bytes(MODP_1024_BYTES) },
    { kind: 'nonce', data: rng.bytes(NONCE_BYTES) },
  ]
  const request = (all: readonly IkePayload[]): Uint8Array => {
    const { first, bytes } = encodePayloads(all)
    return encodeIke({
      initiatorSpi,
      responderSpi: new Uint8Array(8),
      nextPayload: first,
      exchange: IkeExchange.saInit,
      flags: IkeFlag.initiator,
      messageId: 0,
      payloads: bytes,
    })
  }
  const plain = request(payloads)
  const room = size - plain.length - PAYLOAD_HEADER_BYTES
  return room <= 0
    ? plain
    : request([...payloads, { kind: 'vendor-id', data: new Uint8Array(room) }])
}

/** EDNS padding fills the room (RFC 7830). */
function rootQuery(rng: Rng, size: number): Uint8Array {
  const question = { name: ROOT, type: TYPE.NS, class: CLASS.IN }
  const basics = { id: rng.below(65_536), recursionDesired: true }
  const plain = encodeMessage(queryFor(question, basics))
  if (plain.length >= size) return plain
  const room = size - plain.length - OPT_BYTES - EDNS_OPTION_HEADER_BYTES
  const padding = { code: EDNS_PADDING, data: new Uint8Array(Math.max(0, room)) }
  const edns = { version: 0, payloadSize: 1232, dnssecOk: false, options: [padding] }
  return encodeMessage(queryFor(question, { ...basics, edns }))
}
