/**
 * What a responder does with an IKE_SA_INIT of somebody unknown before it remembers anything: cookies when many are half open (RFC 7296 §2.6) or
 * many come at once, and a limit. Not a session: the host opens one for who is let in.
 */
import { createHmac } from 'node:crypto'
import { concat, equalBytes, setU16, setU32, u16 } from '../../base/bytes.ts'
import { between, minutes, seconds, type Instant } from '../../base/time.ts'
import {
  decodeIke,
  encodeIke,
  IkeExchange,
  IkeFlag,
  type IkeMessage,
} from '../../wire/ikev2/header.ts'
import { NotifyType } from '../../wire/ikev2/notify-types.ts'
import { decodePayloads, encodePayloads, outlinePayloads } from '../../wire/ikev2/payload-chain.ts'
import { IkePayloadType } from '../../wire/ikev2/numbers.ts'
import type { WireError } from '../../wire/codec.ts'
import type { IkePayload } from '../../wire/ikev2/payloads.ts'
import type { Env } from '../engine.ts'
import type { IkeEndpoints } from './options.ts'
import { find, notify } from './payload.ts'

export interface IkeDoorOptions {
  /** From so many half-open sessions on, strangers must bring a cookie. Default: never. */
  readonly cookiesFrom?: number
  /**
   * When so many were let in within a second, too: a request that is refused at once leaves nothing half open, and costs as much (RFC 8019 §3).
   * Default: never.
   */
  readonly cookiesFromPerSecond?: number
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
  /** Let in since then, which is a second ago at most. */
  #lately = { since: -Infinity, count: 0 }

  constructor(options: IkeDoorOptions = {}) {
    this.#options = options
  }

  /** `halfOpen`: how many sessions are not established yet. Never throws, whatever the bytes. */
  knock(bytes: Uint8Array, endpoints: IkeEndpoints, halfOpen: number, env: Env): Knock {
    const { halfOpenMax = HALF_OPEN_MAX } = this.#options
    if (halfOpen >= halfOpenMax) return { kind: 'ignored', why: 'too-many-half-open' }
    // A session costs more than this look, and rubbish need not have one.
    const message = decodeIke(bytes)
    if (!message.ok) return { kind: 'ignored', why: 'malformed', error: message.error }
    const isPressed = this.#isPressed(halfOpen, env.now)
    if (isPressed) {
      // Most who come now forge who they are: what they offer is not read before they have shown that they hear.
      const nonce = nonceWithoutCookie(message.value)
      if (nonce !== undefined) return this.#demand(message.value, nonce, endpoints, env)
    }
    const payloads = decodePayloads(message.value.nextPayload, message.value.payloads)
    if (!payloads.ok) return { kind: 'ignored', why: 'malformed', error: payloads.error }
    const nonce = find(payloads.value, 'nonce')?.data
    const isWhole = find(payloads.value, 'sa') && find(payloads.value, 'ke')
    if (nonce === undefined || !isWhole) return { kind: 'ignored', why: 'incomplete' }
    if (!isPressed) return this.#open(env.now)
    const brought = cookieOf(payloads.value)
    const who = identify(nonce, message.value.initiatorSpi, endpoints)
    const isGood =
      brought !== undefined &&
      this.#secrets(env).some((secret) => equalBytes(cookie(secret, who), brought))
    // An old one is replaced, as RFC 7296 §2.6 has it: the initiator may have been slow.
    return isGood ? this.#open(env.now) : this.#demand(message.value, nonce, endpoints, env)
  }

  #isPressed(halfOpen: number, now: Instant): boolean {
    const { cookiesFrom = Infinity, cookiesFromPerSecond = Infinity } = this.#options
    return halfOpen >= cookiesFrom || this.#countLately(now) >= cookiesFromPerSecond
  }

  #countLately(now: Instant): number {
    if (now - this.#lately.since >= seconds(1)) this.#lately = { since: now, count: 0 }
    return this.#lately.count
  }

  #open(now: Instant): Knock {
    this.#countLately(now)
    this.#lately.count++
    return { kind: 'open' }
  }

  #demand(request: IkeMessage, nonce: Uint8Array, endpoints: IkeEndpoints, env: Env): Knock {
    const [secret] = this.#secrets(env)
    const data = cookie(secret!, identify(nonce, request.initiatorSpi, endpoints))
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

/** Of a request that has what it needs, and no cookie in its place; undefined: it has to be read. */
function nonceWithoutCookie({ nextPayload, payloads }: IkeMessage): Uint8Array | undefined {
  const outline = outlinePayloads(nextPayload, payloads)
  const [first] = outline ?? []
  // The type behind protocol and SPI size (RFC 7296 §3.10).
  const isCookie =
    first?.type === IkePayloadType.N &&
    first.body.length >= 4 &&
    u16(first.body, 2) === NotifyType.COOKIE
  if (outline === undefined || isCookie) return undefined
  const isWhole = [IkePayloadType.SA, IkePayloadType.KE].every((type) =>
    outline.some((each) => each.type === type),
  )
  return isWhole ? outline.find(({ type }) => type === IkePayloadType.Nonce)?.body : undefined
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
