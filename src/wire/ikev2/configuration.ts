/**
 * The Configuration payload's attributes (RFC 7296 §3.15.1). Not what they mean together: an address is the engine's to give.
 */
import { concat } from '../../base/bytes.ts'
import type { Reader } from '../codec.ts'
import { u16Bytes } from './fields.ts'

export interface ConfigurationAttribute {
  /** 15 bits. */
  readonly type: number
  /** Empty in a request that leaves the choice to the other side. */
  readonly value: Uint8Array
  /** The R bit, where it is set. */
  readonly reserved?: true
}

/** The R bit of an attribute's first word. */
const RESERVED_BIT = 0x8000

/** All attributes to the end of the payload. */
export function readConfiguration(r: Reader): readonly ConfigurationAttribute[] {
  const attributes: ConfigurationAttribute[] = []
  while (r.remaining > 0) {
    const word = r.u16('Attribute Type', 'RFC 7296 §3.15.1')
    const length = r.u16('Length', 'RFC 7296 §3.15.1')
    const value = r.take(length, 'Value', 'RFC 7296 §3.15.1')
    const isReserved = (word & RESERVED_BIT) !== 0
    attributes.push({ type: word & ~RESERVED_BIT, value, ...(isReserved && { reserved: true }) })
  }
  return attributes
}

/** Throws RangeError for what does not fit its field. */
export function configurationBytes(attributes: readonly ConfigurationAttribute[]): Uint8Array {
  return concat(
    ...attributes.map(({ type, value, reserved }) => {
      if (type >= RESERVED_BIT) throw new RangeError(`an attribute's type has 15 bits, not ${type}`)
      return concat(
        u16Bytes(type + (reserved === true ? RESERVED_BIT : 0), 'Attribute Type'),
        u16Bytes(value.length, 'Length'),
        value,
      )
    }),
  )
}
