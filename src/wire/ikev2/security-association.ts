/**
 * The Security Association payload (RFC 7296 §3.3): proposals, transforms and their attributes.
 * Not a choice: which proposal is acceptable is the engine's business, and so is whether proposals are numbered well.
 */
import { concat } from '../../base/bytes.ts'
import type { Reader } from '../codec.ts'
import { reservedWhere, u16Bytes, u8Bytes } from './fields.ts'
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
  return concat(
    ...proposals.map((proposal, i) => {
      const { number, protocol, spi, transforms, reserved = 0 } = proposal
      const body = concat(
        u8Bytes(number, 'Proposal Num'),
        u8Bytes(protocol, 'Protocol ID'),
        u8Bytes(spi.length, 'SPI Size'),
        u8Bytes(transforms.length, 'Num Transforms'),
        spi,
        ...transforms.map((each, at) => transformBytes(each, at === transforms.length - 1)),
      )
      return concat(
        Uint8Array.of(i === proposals.length - 1 ? 0 : MORE_PROPOSALS),
        u8Bytes(reserved, 'RESERVED'),
        u16Bytes(SUBSTRUCTURE_BYTES + body.length, 'Proposal Length'),
        body,
      )
    }),
  )
}

function transformBytes(transform: IkeTransform, isLast: boolean): Uint8Array {
  const { type, id, keyLength, attributes = [], reserved = 0 } = transform
  const first =
    keyLength === undefined ? [] : [{ type: TransformAttributeType.keyLength, value: keyLength }]
  const body = concat(
    u8Bytes(type, 'Transform Type'),
    u8Bytes(reserved & 0xff, 'RESERVED'),
    u16Bytes(id, 'Transform ID'),
    ...[...first, ...attributes].map((attribute) => attributeBytes(attribute)),
  )
  return concat(
    Uint8Array.of(isLast ? 0 : MORE_TRANSFORMS),
    u8Bytes(reserved >>> 8, 'RESERVED'),
    u16Bytes(SUBSTRUCTURE_BYTES + body.length, 'Transform Length'),
    body,
  )
}

function attributeBytes(attribute: TransformAttribute): Uint8Array {
  const { type } = attribute
  if (type >= SHORT_FORM) throw new RangeError(`an attribute's type has 15 bits, not ${type}`)
  if ('value' in attribute) {
    return concat(
      u16Bytes(SHORT_FORM + type, 'Attribute Type'),
      u16Bytes(attribute.value, 'Attribute Value'),
    )
  }
  const { bytes } = attribute
  return concat(u16Bytes(type, 'Attribute Type'), u16Bytes(bytes.length, 'Attribute Length'), bytes)
}
