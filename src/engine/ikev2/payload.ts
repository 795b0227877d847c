/**
 * Small words for making payloads and finding them in a message. Not the codec: `wire/ikev2`.
 */
import { concat, u16 } from '../../base/bytes.ts'
import { isErrorNotify } from '../../wire/ikev2/notify-types.ts'
import type { IdPayload, IkePayload, NotifyPayload, TsPayload } from '../../wire/ikev2/payloads.ts'
import type { TrafficSelector } from '../../wire/ikev2/traffic-selectors.ts'
import type { IkeIdentity } from './options.ts'

type Kind = IkePayload['kind']

/** The first of a kind. */
export const find = <K extends Kind>(
  payloads: readonly IkePayload[],
  kind: K,
): Extract<IkePayload, { kind: K }> | undefined =>
  payloads.find((each): each is Extract<IkePayload, { kind: K }> => each.kind === kind)

export const findId = (
  payloads: readonly IkePayload[],
  role: 'initiator' | 'responder',
): IdPayload | undefined =>
  payloads.find((each): each is IdPayload => each.kind === 'id' && each.role === role)

/** Undefined: no such payload. */
export const selectorsIn = (
  payloads: readonly IkePayload[],
  role: 'initiator' | 'responder',
): readonly TrafficSelector[] | undefined =>
  payloads.find((each): each is TsPayload => each.kind === 'ts' && each.role === role)?.selectors

export const findNotify = (
  payloads: readonly IkePayload[],
  type: number,
): NotifyPayload | undefined =>
  payloads.find((each): each is NotifyPayload => each.kind === 'notify' && each.type === type)

export const hasNotify = (payloads: readonly IkePayload[], type: number): boolean =>
  findNotify(payloads, type) !== undefined

/** The first error, known or not (RFC 7296 §3.10.1). */
export const findError = (payloads: readonly IkePayload[]): NotifyPayload | undefined =>
  payloads.find((each): each is NotifyPayload => each.kind === 'notify' && isErrorNotify(each.type))

/** About no SA of its own. */
export const notify = (type: number, data: Uint8Array = new Uint8Array()): NotifyPayload => ({
  kind: 'notify',
  protocol: 0,
  spi: new Uint8Array(),
  type,
  data,
})

export const nonce = (data: Uint8Array): IkePayload => ({ kind: 'nonce', data })

export const idPayload = (
  role: 'initiator' | 'responder',
  { type, data }: IkeIdentity,
): IdPayload => ({ kind: 'id', role, type, data })

/** Apart from the message that it stood in, which need not stay for it. */
export const kept = (id: IdPayload): IdPayload => ({ ...id, data: id.data.slice() })

/** What AUTH covers of an ID payload: all behind its generic header (RFC 7296 §2.15). */
export const idBody = ({ type, data, bodyReserved = 0 }: IdPayload): Uint8Array =>
  concat(
    Uint8Array.of(
      type,
      (bodyReserved >>> 16) & 0xff,
      (bodyReserved >>> 8) & 0xff,
      bodyReserved & 0xff,
    ),
    data,
  )

/** Numbers of 16 bits, one after another: SIGNATURE_HASH_ALGORITHMS (RFC 7427 §4). */
export const u16List = (data: Uint8Array): readonly number[] =>
  Array.from({ length: data.length >>> 1 }, (_, at) => u16(data, 2 * at))

export const ofU16 = (numbers: readonly number[]): Uint8Array =>
  Uint8Array.from(numbers.flatMap((number) => [number >>> 8, number & 0xff]))
