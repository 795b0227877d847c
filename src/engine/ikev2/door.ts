/**
 * What a responder does with an IKE_SA_INIT of somebody unknown before it remembers anything: cookies when many are half open (RFC 7296 §2.6), and
 * a limit. Not a session: the host opens one for who is let in.
 */
import { createHmac } from 'node:crypto'
import { concat, equalBytes, setU16, setU32 } from '../../base/bytes.ts'
import { between, minutes, type Instant } from '../../base/time.ts'
import {
  decodeIke,
  encodeIke,
  IkeExchange,
  IkeFlag,
  type IkeMessage,
} from '../../wire/ikev2/header.ts'
import { NotifyType } from '../../wire/ikev2/notify-types.ts'
import { decodePayloads, encodePayloads } from '../../wire/ikev2/payload-chain.ts'
import type { WireError } from '../../wire/codec.ts'
import type { IkePayload } from '../../wire/ikev2/payloads.ts'
import type { Env } from '../engine.ts'
import type { IkeEndpoints } from './options.ts'
import { find, notify } from './payload.ts'

export interface IkeDoorOptions {
  /** From so many half-open sessions on, strangers must bring a cookie. Default: never. */
  readonly cookiesFrom?: number
  /** With so many, strangers are not heard at all. Default 10,000. */
  readonly halfOpenMax?: number
}

export type Knock =
  /** Open a session, and give it this datagram. */
  | { readonly kind: 'open' }
  /** Send this back the way it came; nothing is remembered. */
  | { readonly kind: 'answer'; readonly bytes: Uint8Array; readonly what: 'cookie' }
  | {
      readonly kind: 'ignored'
      readonly why: 'malformed' | 'incomplete' | 'bad-cookie' | 'too-many-half-open'
      /** What is malformed. */
      readonly error?: WireError
    }

/** OWN: a secret serves for two minutes, and its cookies for two more. */
const SECRET_SERVES = minutes(2)
const HALF_OPEN_MAX = 10_000

interface Secret {
  readonly version: number
  readonly key: Uint8Array
  readonly since: Instant
}

/** One door for a host. It holds two secrets and nothing of anybody who knocks. */
export class IkeDoor {
  readonly #options: IkeDoorOptions
  #current: Secret | undefined
  #before: Secret | undefined

  constructor(options: IkeDoorOptions = {}) {
    this.#options = options
  }

  /** `halfOpen`: how many sessions are not established yet. Never throws, whatever the bytes. */
  knock(bytes: Uint8Array, endpoints: IkeEndpoints, halfOpen: number, env: Env): Knock {
    const { cookiesFrom = Infinity, halfOpenMax = HALF_OPEN_MAX } = this.#options
    if (halfOpen >= halfOpenMax) return { kind: 'ignored', why: 'too-many-half-open' }
    // A session costs more than this look, and rubbish need not have one.
    const message = decodeIke(bytes)
    if (!message.ok) return { kind: 'ignored', why: 'malformed', error: message.error }
    const payloads = decodePayloads(message.value.nextPayload, message.value.payloads)
    if (!payloads.ok) return { kind: 'ignored', why: 'malformed', error: payloads.error }
    const nonce = find(payloads.value, 'nonce')?.data
    const isWhole = find(payloads.value, 'sa') && find(payloads.value, 'ke')
    if (nonce === undefined || !isWhole) return { kind: 'ignored', why: 'incomplete' }
    if (halfOpen < cookiesFrom) return { kind: 'open' }
    const brought = cookieOf(payloads.value)
    const who = identify(nonce, message.value.initiatorSpi, endpoints)
    if (brought === undefined) return this.#demand(message.value, who, env)
    const isGood = this.#secrets(env).some((secret) => equalBytes(cookie(secret, who), brought))
    // An old one is replaced, as RFC 7296 §2.6 has it: the initiator may have been slow.
    return isGood ? { kind: 'open' } : this.#demand(message.value, who, env)
  }

  #demand(request: IkeMessage, who: Uint8Array, env: Env): Knock {
    const [secret] = this.#secrets(env)
    const data = cookie(secret!, who)
    const { first, bytes: payloads } = encodePayloads([notify(NotifyType.COOKIE, data)])
    const answer = {
      initiatorSpi: request.initiatorSpi,
      responderSpi: new Uint8Array(8),
      nextPayload: first,
      exchange: IkeExchange.saInit,
      flags: IkeFlag.response,
      messageId: request.messageId,
      payloads,
    }
    return { kind: 'answer', bytes: encodeIke(answer), what: 'cookie' }
  }

  /** The one in use first. */
  #secrets({ now, rng }: Env): readonly Secret[] {
    if (this.#current === undefined || between(this.#current.since, now) >= SECRET_SERVES) {
      const isRecent =
        this.#current !== undefined && between(this.#current.since, now) < 2 * SECRET_SERVES
      this.#before = isRecent ? this.#current : undefined
      const version = ((this.#current?.version ?? -1) + 1) & 0xff
      this.#current = { version, key: rng.bytes(32), since: now }
    }
    return this.#before === undefined ? [this.#current] : [this.#current, this.#before]
  }
}

const cookieOf = (payloads: readonly IkePayload[]): Uint8Array | undefined => {
  const [first] = payloads
  return first?.kind === 'notify' && first.type === NotifyType.COOKIE ? first.data : undefined
}

/** Ni | IPi | SPIi, and the port: behind one address there may be many. */
function identify(nonce: Uint8Array, spiI: Uint8Array, { remote }: IkeEndpoints): Uint8Array {
  const where = new Uint8Array(6)
  setU32(where, 0, remote.address)
  setU16(where, 4, remote.port)
  return concat(nonce, where, spiI)
}

/** `<version> | HMAC(secret, …)`: 1 + 32 bytes of at most 64. */
const cookie = ({ version, key }: Secret, who: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(version), createHmac('sha256', key).update(who).digest())
