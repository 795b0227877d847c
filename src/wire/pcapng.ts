/**
 * Writes captures: one section, an interface description for each NIC, the secrets of TLS, an enhanced packet block for each frame.
 * Not a reader: `pcapng-blocks.ts` is. draft-ietf-opsawg-pcapng §4.1, §4.2, §4.3, §4.7; little-endian, timestamps in microseconds.
 */
import { utf8 } from '../base/bytes.ts'
import type { Instant } from '../base/time.ts'

export interface CaptureInterface {
  /** if_name, such as `gateway/perimeter`. */
  readonly name: string
  /** `raw`: frames are IP packets. Default Ethernet. */
  readonly linkType?: 'ethernet' | 'raw'
}

export interface CapturedFrame {
  /** Index into the capture's interfaces. */
  readonly interface: number
  readonly at: Instant
  readonly frame: Uint8Array
  readonly direction: 'inbound' | 'outbound'
  /** opt_comment: what Wireshark shows beside the packet. */
  readonly comment?: string
}

export interface Capture {
  /** shb_userappl. */
  readonly application: string
  readonly interfaces: readonly CaptureInterface[]
  readonly frames: readonly CapturedFrame[]
  /** Lines of the NSS key log format: Wireshark then reads what was encrypted. */
  readonly tlsSecrets?: readonly string[]
}

/** Block types, those that are only read among them. */
export const PCAPNG_BLOCK = {
  sectionHeader: 0x0a0d0d0a,
  interfaceDescription: 1,
  packet: 2,
  simplePacket: 3,
  enhancedPacket: 6,
  decryptionSecrets: 10,
} as const
/** `TLSK`. */
const TLS_KEY_LOG = 0x544c534b
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d
/** LINKTYPE_ETHERNET and LINKTYPE_RAW. */
const LINK_TYPES = { ethernet: 1, raw: 101 } as const

/** Each means what it does in blocks of its kind. */
export const PCAPNG_OPTION = {
  comment: 1,
  shbUserAppl: 4,
  ifName: 2,
  ifTsresol: 9,
  ifTsoffset: 14,
  epbFlags: 2,
} as const
const DIRECTION = { inbound: 1, outbound: 2 } as const

const BLOCK_OVERHEAD = 12
const U32 = 2 ** 32

interface Option {
  readonly code: number
  readonly value: Uint8Array
}

/** A block before it has bytes: fixed fields, then packet data, then options. */
interface Block {
  readonly type: number
  readonly fields: readonly number[]
  readonly data: Uint8Array
  readonly options: readonly Option[]
}

const NOTHING = new Uint8Array()

/** The bytes of a `.pcapng` file. Equal captures give equal bytes. */
export function encodePcapng(capture: Capture): Uint8Array {
  const blocks = [
    sectionHeader(capture.application),
    ...capture.interfaces.map(interfaceDescription),
    // Before the frames that need them.
    ...decryptionSecrets(capture.tlsSecrets ?? []),
    ...capture.frames.map(enhancedPacket),
  ]
  const out = new Uint8Array(blocks.reduce((sum, block) => sum + sizeOf(block), 0))
  const view = new DataView(out.buffer)
  let at = 0
  for (const block of blocks) at = writeBlock(out, view, at, block)
  return out
}

const sectionHeader = (application: string): Block => ({
  type: PCAPNG_BLOCK.sectionHeader,
  // Version 1.0, and a section length of −1: not said.
  fields: [BYTE_ORDER_MAGIC, 1, U32 - 1, U32 - 1],
  data: NOTHING,
  options: [{ code: PCAPNG_OPTION.shbUserAppl, value: utf8(application) }],
})

const interfaceDescription = ({ name, linkType = 'ethernet' }: CaptureInterface): Block => ({
  type: PCAPNG_BLOCK.interfaceDescription,
  // A snap length of 0: no limit.
  fields: [LINK_TYPES[linkType], 0],
  data: NOTHING,
  options: [
    { code: PCAPNG_OPTION.ifName, value: utf8(name) },
    { code: PCAPNG_OPTION.ifTsresol, value: Uint8Array.of(6) },
  ],
})

function decryptionSecrets(lines: readonly string[]): readonly Block[] {
  if (lines.length === 0) return []
  const data = utf8(lines.map((line) => `${line}\n`).join(''))
  return [
    { type: PCAPNG_BLOCK.decryptionSecrets, fields: [TLS_KEY_LOG, data.length], data, options: [] },
  ]
}

function enhancedPacket(packet: CapturedFrame): Block {
  const { at, frame, comment } = packet
  const flags = {
    code: PCAPNG_OPTION.epbFlags,
    value: Uint8Array.of(DIRECTION[packet.direction], 0, 0, 0),
  }
  const said = comment === undefined ? [] : [{ code: PCAPNG_OPTION.comment, value: utf8(comment) }]
  return {
    type: PCAPNG_BLOCK.enhancedPacket,
    // An instant has more bits than a 32-bit operator keeps: the high half by division.
    fields: [packet.interface, Math.floor(at / U32), at % U32, frame.length, frame.length],
    data: frame,
    options: [flags, ...said],
  }
}

const padded = (length: number): number => (length + 3) & ~3

const optionsSize = (options: readonly Option[]): number =>
  options.reduce((sum, { value }) => sum + 4 + padded(value.length), 4)

const sizeOf = ({ fields, data, options }: Block): number =>
  BLOCK_OVERHEAD + 4 * fields.length + padded(data.length) + optionsSize(options)

function writeBlock(out: Uint8Array, view: DataView, start: number, block: Block): number {
  const size = sizeOf(block)
  view.setUint32(start, block.type, true)
  view.setUint32(start + 4, size, true)
  let at = start + 8
  for (const field of block.fields) {
    view.setUint32(at, field, true)
    at += 4
  }
  out.set(block.data, at)
  at += padded(block.data.length)
  for (const { code, value } of block.options) {
    view.setUint16(at, code, true)
    view.setUint16(at + 2, value.length, true)
    out.set(value, at + 4)
    at += 4 + padded(value.length)
  }
  // opt_endofopt is four zero bytes, which are there already.
  view.setUint32(start + size - 4, size, true)
  return start + size
}
