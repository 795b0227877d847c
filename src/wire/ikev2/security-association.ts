/**
 * The Security Association payload (RFC 7296 §3.3): proposals, transforms and their attributes.
 * Not a choice: which proposal is acceptable is the engine's business, and so is whether proposals are numbered well.
 */
import { setU16 } from '../../base/bytes.ts'
import type { Reader } from '../codec.ts'
import { checked, reservedWhere } from './fields.ts'
import { TransformAttributeType } from './numbers.ts'

export interface IkeProposal {
  readonly number: number
  /** 1 IKE, 2 AH, 3 ESP. */
  readonly protocol: number
  readonly spi: Uint8Array
  readonly transforms: readonly IkeTransform[]
  /** RESERVED, where it is not zero. */
  readonly reserved?: number
}

export interface IkeTransform {
  /** 1 ENCR, 2 PRF, 3 INTEG, 4 DH, 5 ESN. */
  readonly type: number
  readonly id: number
  /** Bits: the Key Length attribute (RFC 7296 §3.3.5). */
  readonly keyLength?: number
  /**
   * What comes after it, or instead of it: attributes that no RFC defines. Whoever does not understand one must not choose the transform
   * (RFC 7296 §3.3.6).
   */
  readonly attributes?: readonly TransformAttribute[]
  /** Both RESERVED octets, the one after Last Substruc high, where they are not zero. */
  readonly reserved?: number
}

/** RFC 7296 §3.3.5: two octets of value in the short form (TV), or any number in the long one (TLV). */
export type TransformAttribute =
  | { readonly type: number; readonly value: number }
  | { readonly type: number; readonly bytes: Uint8Array }

const PROPOSAL_HEADER_BYTES = 8
const TRANSFORM_HEADER_BYTES = 8
/** Type and value; or type and length, with the value behind them. */
const SHORT_ATTRIBUTE_BYTES = 4
/** What both begin with: a marker, RESERVED, a length. */
const SUBSTRUCTURE_BYTES = 4
/** Values of the marker: IKEv1's payload types live on in them (RFC 7296 §3.3.1, §3.3.2). */
const MORE_PROPOSALS = 2
const MORE_TRANSFORMS = 3
/** The AF bit: the short form. */
const SHORT_FORM = 0x8000

/** All proposals of a payload's body, the last of which is marked so. */
export function readProposals(r: Reader): readonly IkeProposal[] {
  const proposals: IkeProposal[] = []
  for (let isLast = false; !isLast;) {
    const marker = r.u8('Last Substruc', 'RFC 7296 §3.3.1')
    if (marker !== 0 && marker !== MORE_PROPOSALS) {
      r.reject('bad-value', 'Last Substruc', 'RFC 7296 §3.3.1')
    }
    const reserved = r.u8('RESERVED', 'RFC 7296 §3.3.1')
    const length = r.u16('Proposal Length', 'RFC 7296 §3.3.1')
    if (length < PROPOSAL_HEADER_BYTES) r.reject('bad-value', 'Proposal Length', 'RFC 7296 §3.3.1')
    const payload = r.enter(length - SUBSTRUCTURE_BYTES, 'Proposal Length', 'RFC 7296 §3.3.1')
    proposals.push({ ...readProposal(r), ...reservedWhere(reserved) })
    r.leave(payload)
    isLast = marker === 0
  }
  return proposals
}

function readProposal(r: Reader): IkeProposal {
  const number = r.u8('Proposal Num', 'RFC 7296 §3.3.1')
  const protocol = r.u8('Protocol ID', 'RFC 7296 §3.3.1')
  const spiSize = r.u8('SPI Size', 'RFC 7296 §3.3.1')
  const count = r.u8('Num Transforms', 'RFC 7296 §3.3.1')
  const spi = r.take(spiSize, 'SPI', 'RFC 7296 §3.3.1')
  const transforms = Array.from({ length: count }, (_, i) => readTransform(r, i === count - 1))
  r.end('Num Transforms', 'RFC 7296 §3.3.1')
  return { number, protocol, spi, transforms }
}

function readTransform(r: Reader, isLast: boolean): IkeTransform {
  const marker = r.u8('Last Substruc', 'RFC 7296 §3.3.2')
  if (marker !== (isLast ? 0 : MORE_TRANSFORMS)) {
    r.reject('bad-value', 'Last Substruc', 'RFC 7296 §3.3.2')
  }
  const high = r.u8('RESERVED', 'RFC 7296 §3.3.2')
  const length = r.u16('Transform Length', 'RFC 7296 §3.3.2')
  if (length < TRANSFORM_HEADER_BYTES) r.reject('bad-value', 'Transform Length', 'RFC 7296 §3.3.2')
  const proposal = r.enter(length - SUBSTRUCTURE_BYTES, 'Transform Length', 'RFC 7296 §3.3.2')
  const type = r.u8('Transform Type', 'RFC 7296 §3.3.2')
  const low = r.u8('RESERVED', 'RFC 7296 §3.3.2')
  const id = r.u16('Transform ID', 'RFC 7296 §3.3.2')
  const attributes = readAttributes(r)
  r.leave(proposal)
  return { type, id, ...attributes, ...reservedWhere((high << 8) | low) }
}

/** A Key Length that comes first and in the short form, in which it must be (RFC 7296 §3.3.5), has a place of its own. */
function readAttributes(r: Reader): Pick<IkeTransform, 'keyLength' | 'attributes'> {
  const all: TransformAttribute[] = []
  while (r.remaining > 0) {
    const word = r.u16('Attribute Type', 'RFC 7296 §3.3.5')
    const type = word & ~SHORT_FORM
    const second = r.u16('Attribute Value', 'RFC 7296 §3.3.5')
    const isShort = (word & SHORT_FORM) !== 0
    all.push(
      isShort
        ? { type, value: second }
        : { type, bytes: r.take(second, 'Attribute Value', 'RFC 7296 §3.3.5') },
    )
  }
  const [first, ...others] = all
  if (first === undefined) return {}
  if (first.type !== TransformAttributeType.keyLength || !('value' in first)) {
    return { attributes: all }
  }
  return { keyLength: first.value, ...(others.length > 0 && { attributes: others }) }
}

/** The body of an SA payload. Throws RangeError where there is no proposal, and for what does not fit its field. */
export function proposalBytes(proposals: readonly IkeProposal[]): Uint8Array {
  if (proposals.length === 0) throw new RangeError('an SA payload has at least one proposal')
  // An offer has some twenty proposals of four transforms: written in place, for each part an array would cost more than all the rest.
  const lengths = proposals.map((proposal) => lengthOf(proposal))
  const out = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0))
  let at = 0
  for (const [i, proposal] of proposals.entries()) {
    const length = lengths[i]!
    const marker = i === proposals.length - 1 ? 0 : MORE_PROPOSALS
    writeProposal(out.subarray(at, at + length), proposal, marker)
    at += length
  }
  return out
}

const lengthOf = ({ spi, transforms }: IkeProposal): number =>
  transforms.reduce(
    (sum, transform) => sum + transformLength(transform),
    PROPOSAL_HEADER_BYTES + spi.length,
  )

function transformLength({ keyLength, attributes = [] }: IkeTransform): number {
  const first = TRANSFORM_HEADER_BYTES + (keyLength === undefined ? 0 : SHORT_ATTRIBUTE_BYTES)
  return attributes.reduce((sum, attribute) => sum + attributeLength(attribute), first)
}

const attributeLength = (attribute: TransformAttribute): number =>
  SHORT_ATTRIBUTE_BYTES + ('value' in attribute ? 0 : attribute.bytes.length)

function writeProposal(out: Uint8Array, proposal: IkeProposal, marker: number): void {
  const { number, protocol, spi, transforms, reserved = 0 } = proposal
  out[0] = marker
  out[1] = checked(reserved, 0xff, 'RESERVED')
  setU16(out, 2, checked(out.length, 0xffff, 'Proposal Length'))
  out[4] = checked(number, 0xff, 'Proposal Num')
  out[5] = checked(protocol, 0xff, 'Protocol ID')
  out[6] = checked(spi.length, 0xff, 'SPI Size')
  out[7] = checked(transforms.length, 0xff, 'Num Transforms')
  out.set(spi, PROPOSAL_HEADER_BYTES)
  let at = PROPOSAL_HEADER_BYTES + spi.length
  for (const [i, transform] of transforms.entries()) {
    at = writeTransform(out, at, transform, i === transforms.length - 1 ? 0 : MORE_TRANSFORMS)
  }
}

/** Where it ends. */
function writeTransform(
  out: Uint8Array,
  at: number,
  transform: IkeTransform,
  marker: number,
): number {
  const { type, id, keyLength, attributes = [], reserved = 0 } = transform
  const length = transformLength(transform)
  checked(reserved, 0xffff, 'RESERVED')
  out[at] = marker
  out[at + 1] = reserved >>> 8
  setU16(out, at + 2, checked(length, 0xffff, 'Transform Length'))
  out[at + 4] = checked(type, 0xff, 'Transform Type')
  out[at + 5] = reserved & 0xff
  setU16(out, at + 6, checked(id, 0xffff, 'Transform ID'))
  let end = at + TRANSFORM_HEADER_BYTES
  if (keyLength !== undefined) {
    end = writeAttribute(out, end, { type: TransformAttributeType.keyLength, value: keyLength })
  }
  for (const attribute of attributes) end = writeAttribute(out, end, attribute)
  return end
}

/** Where it ends. */
function writeAttribute(out: Uint8Array, at: number, attribute: TransformAttribute): number {
  const { type } = attribute
  if (type >= SHORT_FORM) throw new RangeError(`an attribute's type has 15 bits, not ${type}`)
  checked(type, 0xffff, 'Attribute Type')
  const isShort = 'value' in attribute
  setU16(out, at, isShort ? SHORT_FORM + type : type)
  const end = at + SHORT_ATTRIBUTE_BYTES
  if (isShort) {
    setU16(out, at + 2, checked(attribute.value, 0xffff, 'Attribute Value'))
    return end
  }
  const { bytes } = attribute
  setU16(out, at + 2, checked(bytes.length, 0xffff, 'Attribute Length'))
  out.set(bytes, end)
  return end + bytes.length
}
