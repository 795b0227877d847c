/**
 * Reads capture files: pcap (draft-ietf-opsawg-pcap: both byte orders, micro- and nanoseconds) and, by `pcapng-blocks.ts`, pcapng. Not what is in the
 * frames, and not a writer: `pcapng.ts` is. A file that ends in the middle of a record gives what was before it, and says so.
 */
import { err, ok, type Result } from '../base/result.ts'
import {
  frameOf,
  instantOfParts,
  viewOf,
  type CaptureFile,
  type ReadFrame,
} from './capture-frames.ts'
import { isPcapng, readPcapng } from './pcapng-blocks.ts'

/** What a file of another kind begins with, and how its owner gets a capture of it. */
const OTHERS: readonly (readonly [magic: string, advice: string])[] = [
  ['1f8b', 'is compressed (gzip): unpack it first'],
  ['28b52ffd', 'is compressed (zstd): unpack it first'],
  ['504b0304', 'is a ZIP archive: unpack it first'],
  ['474d4255', 'is a capture of Network Monitor: save it as pcapng in Wireshark'],
  ['736e6f6f70000000', 'is a capture of snoop: save it as pcapng in Wireshark'],
]

/** Why there is nothing to read, as the end of a sentence about the file. */
export function readCaptureFile(bytes: Uint8Array): Result<CaptureFile, string> {
  if (bytes.length === 0) return err('is empty')
  if (isPcapng(bytes)) return readPcapng(bytes)
  const order = pcapOrder(bytes)
  if (order !== undefined) return readPcap(bytes, order)
  const start = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  const other = OTHERS.find(([magic]) => start.startsWith(magic))
  return err(other?.[1] ?? 'is no capture: it begins neither as pcap nor as pcapng')
}

// ── pcap ──

const PCAP_HEADER = 24
const RECORD_HEADER = 16
/** The upper bits of the link type say whether frames end with an FCS. */
const LINK_TYPE_MASK = 0xffff

interface PcapOrder {
  readonly isLittle: boolean
  readonly partsPerSecond: bigint
}

const MAGICS: ReadonlyMap<number, PcapOrder> = new Map([
  [0xa1b2c3d4, { isLittle: false, partsPerSecond: 1_000_000n }],
  [0xd4c3b2a1, { isLittle: true, partsPerSecond: 1_000_000n }],
  [0xa1b23c4d, { isLittle: false, partsPerSecond: 1_000_000_000n }],
  [0x4d3cb2a1, { isLittle: true, partsPerSecond: 1_000_000_000n }],
])

const pcapOrder = (bytes: Uint8Array): PcapOrder | undefined =>
  bytes.length < 4 ? undefined : MAGICS.get(viewOf(bytes).getUint32(0))

function readPcap(
  bytes: Uint8Array,
  { isLittle, partsPerSecond }: PcapOrder,
): Result<CaptureFile, string> {
  if (bytes.length < PCAP_HEADER) return err('ends within the header of pcap')
  const view = viewOf(bytes)
  const frames: ReadFrame[] = []
  let damage: string | undefined
  for (let at = PCAP_HEADER; at < bytes.length;) {
    const number = frames.length + 1
    const isWhole = at + RECORD_HEADER <= bytes.length
    const captured = isWhole ? view.getUint32(at + 8, isLittle) : 0
    const end = at + RECORD_HEADER + captured
    if (!isWhole || end > bytes.length) {
      damage = `it ends within frame ${number}`
      break
    }
    const whole = BigInt(view.getUint32(at, isLittle))
    const parts = whole * partsPerSecond + BigInt(view.getUint32(at + 4, isLittle))
    frames.push(
      frameOf({
        number,
        interface: 0,
        at: instantOfParts(parts, partsPerSecond),
        bytes: bytes.subarray(at + RECORD_HEADER, end),
        length: view.getUint32(at + 12, isLittle),
      }),
    )
    at = end
  }
  const linkType = view.getUint32(20, isLittle) & LINK_TYPE_MASK
  return ok({ format: 'pcap', interfaces: [{ linkType }], frames, ...(damage && { damage }) })
}
