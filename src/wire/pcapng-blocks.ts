/**
 * The blocks of a pcapng file, read: sections of either byte order, interfaces, enhanced, simple and obsolete packet blocks; all others are passed over.
 * draft-ietf-opsawg-pcapng §3 and §4. Not the writer, which is `pcapng.ts`, and no pcap.
 */
import { fromUtf8 } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import {
  frameOf,
  instantOfParts,
  viewOf,
  type CaptureFile,
  type ReadFrame,
  type ReadInterface,
} from './capture-frames.ts'
import { BYTE_ORDER_MAGIC, PCAPNG_BLOCK, PCAPNG_OPTION } from './pcapng.ts'

const BLOCK_MIN = 12
const SECTION_MIN = 28

/** The section header's type reads the same in both byte orders. */
export const isPcapng = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 && viewOf(bytes).getUint32(0) === PCAPNG_BLOCK.sectionHeader

/** An interface, and how its frames tell the time. */
interface Described {
  /** Index into the file's interfaces: those of a section count from 0 again. */
  readonly index: number
  readonly partsPerSecond: bigint
  readonly offsetSeconds: bigint
  /** Of simple packet blocks, which do not say how much they hold; 0: no limit. */
  readonly snapLength: number
}

interface State {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly interfaces: ReadInterface[]
  readonly frames: ReadFrame[]
  isLittle: boolean
  /** Of this section. */
  described: Described[]
}

interface Body {
  readonly start: number
  readonly end: number
}

export function readPcapng(bytes: Uint8Array): Result<CaptureFile, string> {
  const view = viewOf(bytes)
  const state: State = {
    bytes,
    view,
    interfaces: [],
    frames: [],
    isLittle: true,
    described: [],
  }
  let damage: string | undefined
  for (let at = 0; at < bytes.length && damage === undefined;) {
    const block = blockAt(state, at)
    if (typeof block === 'string') damage = block
    else {
      damage = readBlock(state, view.getUint32(at, state.isLittle), block)
      at = block.end + 4
    }
  }
  const { interfaces, frames } = state
  if (frames.length === 0 && damage !== undefined) return err(`is damaged: ${damage}`)
  return ok({ format: 'pcapng', interfaces, frames, ...(damage !== undefined && { damage }) })
}

/** Where the body of the block is, or what is wrong with it. A section header changes the byte order before its own length is read. */
function blockAt(state: State, at: number): Body | string {
  const { bytes, view } = state
  const room = bytes.length - at
  const cut = `it ends within a block, at byte ${at}`
  if (room < BLOCK_MIN) return cut
  if (view.getUint32(at) === PCAPNG_BLOCK.sectionHeader) {
    if (room < SECTION_MIN) return cut
    const isLittle = view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC
    if (!isLittle && view.getUint32(at + 8) !== BYTE_ORDER_MAGIC) {
      return `the section at byte ${at} has no byte order`
    }
    state.isLittle = isLittle
  }
  const length = view.getUint32(at + 4, state.isLittle)
  if (length < BLOCK_MIN || length % 4 !== 0) {
    return `the block at byte ${at} cannot be ${length} bytes long`
  }
  if (length > room) return cut
  if (view.getUint32(at + length - 4, state.isLittle) !== length) {
    return `the block at byte ${at} says two lengths`
  }
  return { start: at + 8, end: at + length - 4 }
}

/** Returns what is wrong with the block. */
function readBlock(state: State, type: number, body: Body): string | undefined {
  switch (type) {
    case PCAPNG_BLOCK.sectionHeader:
      state.described = []
      return undefined
    case PCAPNG_BLOCK.interfaceDescription:
      return readInterface(state, body)
    case PCAPNG_BLOCK.enhancedPacket:
      return readEnhanced(state, body)
    case PCAPNG_BLOCK.simplePacket:
      return readSimple(state, body)
    case PCAPNG_BLOCK.packet:
      return readObsolete(state, body)
    default:
      return undefined
  }
}

const within = ({ start, end }: Body, length: number): boolean => start + length <= end

function readInterface(state: State, body: Body): string | undefined {
  const { view, isLittle, interfaces, described } = state
  if (!within(body, 8)) return 'an interface description is too short'
  let name: string | undefined
  let partsPerSecond = 1_000_000n
  let offsetSeconds = 0n
  for (const { code, start, length } of optionsOf(state, body.start + 8, body.end)) {
    const value = state.bytes.subarray(start, start + length)
    if (code === PCAPNG_OPTION.ifName) name = fromUtf8(value)
    if (code === PCAPNG_OPTION.ifTsresol && length >= 1) partsPerSecond = resolutionOf(value[0]!)
    if (code === PCAPNG_OPTION.ifTsoffset && length >= 8) {
      offsetSeconds = view.getBigInt64(start, isLittle)
    }
  }
  const index = interfaces.length
  const linkType = view.getUint16(body.start, isLittle)
  interfaces.push({ linkType, ...(name !== undefined && { name }) })
  const snapLength = view.getUint32(body.start + 4, isLittle)
  described.push({ index, partsPerSecond, offsetSeconds, snapLength })
  return undefined
}

/** if_tsresol: a negative power of two where its high bit is set, of ten where not. */
const resolutionOf = (octet: number): bigint =>
  (octet & 0x80) === 0 ? 10n ** BigInt(octet) : 2n ** BigInt(octet & 0x7f)

interface Option extends Pick<Body, 'start'> {
  readonly code: number
  readonly length: number
}

/** Up to opt_endofopt, or as far as they are whole. */
function optionsOf({ view, isLittle }: State, from: number, end: number): readonly Option[] {
  const options: Option[] = []
  for (let at = from; at + 4 <= end;) {
    const code = view.getUint16(at, isLittle)
    const length = view.getUint16(at + 2, isLittle)
    const start = at + 4
    if (code === 0 || start + length > end) break
    options.push({ code, start, length })
    at = start + ((length + 3) & ~3)
  }
  return options
}

interface Packet {
  /** Of its section. */
  readonly interface: number
  readonly captured: number
  readonly length: number
  /** Where its data begins. */
  readonly dataAt: number
  /** Where its 64 bits of time begin; absent: it has none. */
  readonly timeAt?: number
}

function readEnhanced(state: State, body: Body): string | undefined {
  const { view, isLittle } = state
  const { start } = body
  if (!within(body, 20)) return shortPacket(state)
  return addFrame(state, body, {
    interface: view.getUint32(start, isLittle),
    timeAt: start + 4,
    captured: view.getUint32(start + 12, isLittle),
    length: view.getUint32(start + 16, isLittle),
    dataAt: start + 20,
  })
}

function readSimple(state: State, body: Body): string | undefined {
  const { view, isLittle, described } = state
  if (!within(body, 4)) return shortPacket(state)
  const length = view.getUint32(body.start, isLittle)
  const snapLength = described[0]?.snapLength ?? 0
  const dataAt = body.start + 4
  const captured = snapLength === 0 ? length : Math.min(length, snapLength)
  return addFrame(state, body, { interface: 0, captured, length, dataAt })
}

/** As Wireshark before 1.2 wrote it. */
function readObsolete(state: State, body: Body): string | undefined {
  const { view, isLittle } = state
  const { start } = body
  if (!within(body, 20)) return shortPacket(state)
  return addFrame(state, body, {
    interface: view.getUint16(start, isLittle),
    timeAt: start + 4,
    captured: view.getUint32(start + 12, isLittle),
    length: view.getUint32(start + 16, isLittle),
    dataAt: start + 20,
  })
}

const shortPacket = ({ frames }: State): string =>
  `the block of frame ${frames.length + 1} is too short`

function addFrame(state: State, body: Body, packet: Packet): string | undefined {
  const { bytes, frames, described } = state
  const number = frames.length + 1
  const nic = described[packet.interface]
  if (nic === undefined) return `frame ${number} is of an interface that is not described`
  const { dataAt, captured, length, timeAt } = packet
  if (dataAt + captured > body.end) return `frame ${number} is longer than its block`
  const at = timeAt === undefined ? undefined : timeOf(state, timeAt, nic)
  const data = bytes.subarray(dataAt, dataAt + captured)
  frames.push(frameOf({ number, interface: nic.index, at, bytes: data, length }))
  return undefined
}

function timeOf({ view, isLittle }: State, at: number, nic: Described) {
  const high = BigInt(view.getUint32(at, isLittle))
  const parts = (high << 32n) | BigInt(view.getUint32(at + 4, isLittle))
  const { partsPerSecond, offsetSeconds } = nic
  return instantOfParts(parts + offsetSeconds * partsPerSecond, partsPerSecond)
}
