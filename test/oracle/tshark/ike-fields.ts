/**
 * The fields of IKE messages as tshark reads them, and the same from what our own decoder read: name and bytes, in the order of the wire.
 * Not a judgement: the tests compare.
 */
import { execFileSync } from 'node:child_process'
import { setU16, setU32, toHex } from '../../../src/base/bytes.ts'
import type { EspPacket } from '../../../src/wire/esp.ts'
import type { IkeMessage } from '../../../src/wire/ikev2/header.ts'
import { IkePayloadType, TrafficSelectorType } from '../../../src/wire/ikev2/numbers.ts'
import { payloadTypeOf } from '../../../src/wire/ikev2/payload-bodies.ts'
import { encodePayloads } from '../../../src/wire/ikev2/payload-chain.ts'
import type { IkePayload } from '../../../src/wire/ikev2/payloads.ts'
import {
  proposalBytes,
  type IkeProposal,
  type IkeTransform,
} from '../../../src/wire/ikev2/security-association.ts'
import type { TrafficSelector } from '../../../src/wire/ikev2/traffic-selectors.ts'

/** `tf.type 01`: a name without `isakmp.` or `esp.`, and its bytes in hexadecimal. */
export type IkeField = string

/** Of a payload as a whole tshark gives all bytes; its type says enough. */
const BY_TYPE = new Set(['typepayload'])
/** What these say is in fields of their own. */
const OMITTED = new Set(
  (
    'version mjver mnver flag_i flag_v flag_r criticalpayload reserved7 reserved id.data cert.data ts.data enc.data vid_string ' +
    'cfg.attr cfg.attr.format ike2.attr ike2.attr.format ike2.attr.type ike2.attr.value'
  ).split(' '),
)
/** Parts of a field that is there already. */
const PARTS = /^(id\.data\.|cfg\.attr\.internal_|notify\.data\.|vid\.)/

/** Of each packet of a capture file. */
export function dissectIke(
  file: string,
  protocol: 'isakmp' | 'esp' = 'isakmp',
): readonly (readonly IkeField[])[] {
  const pdml = execFileSync('tshark', ['-n', '-r', file, '-T', 'pdml'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [, ...packets] = pdml.split('<packet>')
  const field = new RegExp(`<field name="${protocol}\\.([^"]+)"([^>]*)`, 'g')
  return packets.map((packet) =>
    [...packet.matchAll(field)].flatMap(([, name, rest]) => {
      if (OMITTED.has(name!) || PARTS.test(name!)) return []
      const value = / value="([^"]*)"/.exec(rest!)?.[1] ?? ''
      const shown = / show="([^"]*)"/.exec(rest!)?.[1] ?? ''
      return [`${name} ${BY_TYPE.has(name!) ? shown : value}`]
    }),
  )
}

const u8 = (name: string, value: number): IkeField => `${name} ${toHex(Uint8Array.of(value))}`
const u16 = (name: string, value: number): IkeField => {
  const bytes = new Uint8Array(2)
  setU16(bytes, 0, value)
  return `${name} ${toHex(bytes)}`
}
const u32 = (name: string, value: number): IkeField => {
  const bytes = new Uint8Array(4)
  setU32(bytes, 0, value)
  return `${name} ${toHex(bytes)}`
}
const octets = (name: string, value: Uint8Array): IkeField => `${name} ${toHex(value)}`
const octetsWhereAny = (name: string, value: Uint8Array): readonly IkeField[] =>
  value.length === 0 ? [] : [octets(name, value)]

export const espFields = ({ spi, sequence }: EspPacket): readonly IkeField[] => [
  u32('spi', spi),
  u32('sequence', sequence),
]

export const fieldsOf = (
  message: IkeMessage,
  payloads: readonly IkePayload[],
): readonly IkeField[] => [
  octets('ispi', message.initiatorSpi),
  octets('rspi', message.responderSpi),
  u8('nextpayload', message.nextPayload),
  u8('exchangetype', message.exchange),
  u8('flags', message.flags),
  u32('messageid', message.messageId),
  u32('length', 28 + message.payloads.length),
  ...payloads.flatMap((payload, i) => {
    const following = payloads[i + 1]
    const next = following === undefined ? IkePayloadType.none : payloadTypeOf(following)
    return [
      `typepayload ${payloadTypeOf(payload)}`,
      u8('nextpayload', 'first' in payload ? payload.first : next),
      u16('payloadlength', encodePayloads([payload]).bytes.length),
      ...bodyFields(payload),
    ]
  }),
]

function bodyFields(payload: IkePayload): readonly IkeField[] {
  switch (payload.kind) {
    case 'sa':
      return payload.proposals.flatMap((each, i) =>
        proposalFields(each, i === payload.proposals.length - 1),
      )
    case 'ke':
      return [
        u16('key_exchange.dh_group', payload.group),
        octets('key_exchange.data', payload.data),
      ]
    case 'id':
      return [u8('id.type', payload.type)]
    case 'cert':
      return [u8('cert.encoding', payload.encoding)]
    case 'certreq': {
      const hashes = Array.from({ length: payload.authorities.length / 20 }, (_, i) =>
        octets('ike.certreq.authority', payload.authorities.subarray(20 * i, 20 * (i + 1))),
      )
      return [u8('certreq.type', payload.encoding), ...hashes]
    }
    case 'auth':
      return [u8('auth.method', payload.method), octets('auth.data', payload.data)]
    case 'nonce':
      return [octets('nonce', payload.data)]
    case 'notify':
      return [
        u8('notify.protoid', payload.protocol),
        u8('spisize', payload.spi.length),
        u16('notify.msgtype', payload.type),
        ...octetsWhereAny('spi', payload.spi),
        octets('notify.data', payload.data),
      ]
    case 'delete':
      return [
        u8('delete.protoid', payload.protocol),
        u8('spisize', payload.spis[0]?.length ?? 0),
        u16('spinum', payload.spis.length),
        ...payload.spis.map((spi) => octets('delete.spi', spi)),
      ]
    case 'vendor-id':
      return [octets('vid_bytes', payload.data)]
    case 'ts':
      return [u8('ts.number', payload.selectors.length), ...payload.selectors.flatMap(tsFields)]
    case 'configuration':
      return [
        u8('cfg.type', payload.type),
        ...payload.attributes.flatMap(({ type, value }) => [
          u16('cfg.attr.type', type),
          u16('cfg.attr.length', value.length),
          ...octetsWhereAny('cfg.attr.value', value),
        ]),
      ]
    case 'encrypted':
      // Without keys tshark takes four bytes for the IV.
      return [octets('enc.iv', payload.body.subarray(0, 4))]
    case 'fragment':
      return [u16('frag.number', payload.number), u16('frag.total', payload.total)]
    case 'eap':
    case 'unknown':
      return []
  }
}

const proposalFields = (proposal: IkeProposal, isLast: boolean): readonly IkeField[] => [
  'typepayload 2',
  u8('nextpayload', isLast ? 0 : 2),
  u16('payloadlength', proposalBytes([proposal]).length),
  u8('prop.number', proposal.number),
  u8('prop.protoid', proposal.protocol),
  u8('spisize', proposal.spi.length),
  u8('prop.transforms', proposal.transforms.length),
  ...octetsWhereAny('spi', proposal.spi),
  ...proposal.transforms.flatMap((each, i) =>
    transformFields(each, i === proposal.transforms.length - 1),
  ),
]

const TRANSFORM_IDS = ['', 'encr', 'prf', 'integ', 'dh', 'esn']

const transformFields = (
  { type, id, keyLength }: IkeTransform,
  isLast: boolean,
): readonly IkeField[] => [
  'typepayload 3',
  u8('nextpayload', isLast ? 0 : 3),
  u16('payloadlength', keyLength === undefined ? 8 : 12),
  u8('tf.type', type),
  u16(`tf.id.${TRANSFORM_IDS[type]}`, id),
  ...(keyLength === undefined ? [] : [u16('ike2.attr.key_length', keyLength)]),
]

function tsFields(selector: TrafficSelector): readonly IkeField[] {
  if (selector.kind === 'unknown') throw new RangeError('tshark reads no such selector')
  const { kind, protocol, startPort, endPort } = selector
  const isIpv4 = kind === 'ipv4'
  const { TS_IPV4_ADDR_RANGE, TS_IPV6_ADDR_RANGE } = TrafficSelectorType
  return [
    u8('ts.type', isIpv4 ? TS_IPV4_ADDR_RANGE : TS_IPV6_ADDR_RANGE),
    u8('ts.protoid', protocol),
    u16('ts.selector_length', isIpv4 ? 16 : 40),
    u16('ts.start_port', startPort),
    u16('ts.end_port', endPort),
    ...(isIpv4
      ? [u32('ts.start_ipv4', selector.start), u32('ts.end_ipv4', selector.end)]
      : [octets('ts.start_ipv6', selector.start), octets('ts.end_ipv6', selector.end)]),
  ]
}
