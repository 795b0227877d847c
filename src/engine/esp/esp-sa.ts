/**
 * A pair of ESP SAs in tunnel mode (RFC 4303, RFC 4301 §5): inner IPv4 packets out and in, numbered, guarded against replay, held to their selectors and
 * limits. Not the keys' agreement (`engine/ikev2`), and no outer header: who sends and receives the packets adds and removes it.
 */
import { u32 } from '../../base/bytes.ts'
import type { Rng } from '../../base/rng.ts'
import { REAL_IKE, type IkeCryptography } from '../../crypto/ike/cryptography.ts'
import type { EspCipher, EspCipherKeys } from '../../crypto/ike/esp-cipher.ts'
import type { EspContent } from '../../crypto/ike/esp-frame.ts'
import { protectionOf } from '../../crypto/ike/transforms.ts'
import { ESP_HEADER_BYTES } from '../../wire/esp.ts'
import { headerFault, totalLengthOf } from '../../wire/ipv4.ts'
import type { IkeChild } from '../ikev2/contract.ts'
import type { PacketCount, TunnelUsage } from '../tunnel-usage.ts'
import { packetCheck, type PacketCheck } from './inner-packet.ts'
import { ReplayWindow, WINDOW_DEFAULT } from './replay-window.ts'

/** Next Header: IPv4 in tunnel mode; and nothing at all (RFC 4303 §2.6). */
const IPV4_IN_ESP = 4
const DUMMY = 59

/** Of sequence numbers, the last; OWN: of extended ones, the last that a number here holds exactly. */
const SEQUENCE_MAX = 2 ** 32 - 1
const EXTENDED_MAX = Number.MAX_SAFE_INTEGER
/** OWN: replaced when nine tenths of the numbers are used. */
const SOFT_SEQUENCES = 0.9

export interface EspSaOptions {
  /** Default the real one. Both sides have the same. */
  readonly cryptography?: IkeCryptography
  /** IVs of CBC. The others count. */
  readonly rng: Rng
  /** The replay window in packets, 32 … 65,536. Default 64. */
  readonly window?: number
  /** Sequence numbers to use. Default: all that there are, and `soft` at nine tenths. */
  readonly sequences?: SoftAndHard
  /** Each limit once, when the packet that reached it is done with: input `child-wears` of the IKE session. */
  readonly wears?: (limit: 'soft' | 'hard') => void
}

interface SoftAndHard {
  readonly soft: number
  readonly hard: number
}

export type EspDropReason =
  /** It names another SA. */
  | 'unknown-spi'
  /** Its length is none that this cipher makes. */
  | 'malformed'
  | 'replayed'
  /** Behind the replay window. */
  | 'too-old'
  | 'bad-icv'
  /** Authentic, but its padding is longer than all of it. */
  | 'bad-padding'
  /** Authentic, and not to be delivered: Next Header 59 (RFC 4303 §2.6). */
  | 'dummy'
  /** Authentic, but of another protocol, or its IPv4 header is not sound. Of what is to be sent: the same. */
  | 'not-ipv4'
  | 'outside-selectors'
  /** The hard limit of bytes or of sequence numbers has been reached. */
  | 'expired'

/** `packet` is the caller's to keep: a whole ESP packet of `seal`, a whole inner one of `open`. */
export type EspOutcome = { readonly packet: Uint8Array } | { readonly dropped: EspDropReason }

export interface EspCounters extends TunnelUsage {
  /** Of either direction; a reason that never was is absent. */
  readonly dropped: Readonly<Partial<Record<EspDropReason, number>>>
}

type Counting = { -readonly [K in keyof PacketCount]: PacketCount[K] }

/**
 * The pair of an {@link IkeChild}. Changed in place: every packet of a tunnel passes here. No bytes make it throw.
 *
 * @example
 * const sa = new EspSa(child, { rng, wears: (limit) => session.step(state, { kind: 'child-wears', spi: child.spi, limit }, env) })
 * const sealed = sa.seal(innerPacket)
 * if ('packet' in sealed) send(sealed.packet)
 */
export class EspSa {
  readonly child: IkeChild
  readonly #options: EspSaOptions
  // Made with the first packet: most of a gateway's tunnels carry little, and many nothing.
  #madeSealer: EspCipher | undefined
  #madeOpener: EspCipher | undefined
  readonly #isCbc: boolean
  readonly #window: ReplayWindow
  readonly #sequences: SoftAndHard
  readonly #mayGo: PacketCheck
  readonly #mayCome: PacketCheck
  readonly #outbound: Counting = { packets: 0, bytes: 0 }
  readonly #inbound: Counting = { packets: 0, bytes: 0 }
  readonly #dropped: Partial<Record<EspDropReason, number>> = {}
  #sequence = 0
  #worn: 'soft' | 'hard' | undefined

  /** Throws RangeError for a suite or a window that cannot be carried out. */
  constructor(child: IkeChild, options: EspSaOptions) {
    const { suite, localSelectors, remoteSelectors } = child
    this.child = child
    this.#options = options
    this.#isCbc = protectionOf(suite).encryption.kind === 'cbc'
    this.#window = new ReplayWindow(options.window ?? WINDOW_DEFAULT, suite.esn === true)
    const hard = suite.esn === true ? EXTENDED_MAX : SEQUENCE_MAX
    this.#sequences = options.sequences ?? { soft: Math.floor(hard * SOFT_SEQUENCES), hard }
    this.#mayGo = packetCheck(localSelectors, remoteSelectors)
    this.#mayCome = packetCheck(remoteSelectors, localSelectors)
  }

  get #sealer(): EspCipher {
    return (this.#madeSealer ??= this.#cipherWith(this.child.outbound))
  }

  get #opener(): EspCipher {
    return (this.#madeOpener ??= this.#cipherWith(this.child.inbound))
  }

  #cipherWith(keys: EspCipherKeys): EspCipher {
    const { espCipher } = this.#options.cryptography ?? REAL_IKE
    return espCipher(this.child.suite, keys)
  }

  /** The most bytes that an ESP packet has more than the inner one. */
  get overhead(): number {
    return this.#sealer.overhead
  }

  /** Bytes of the ESP packet around an inner one of so many. */
  sealedLength(inner: number): number {
    return this.#sealer.sealedLength(inner)
  }

  get counters(): EspCounters {
    return {
      outbound: { ...this.#outbound },
      inbound: { ...this.#inbound },
      dropped: { ...this.#dropped },
    }
  }

  /** An inner packet for the peer, whole. */
  seal(inner: Uint8Array): EspOutcome {
    if (this.#worn === 'hard') return this.#drop('expired')
    if (headerFault(inner, 0) !== undefined) return this.#drop('not-ipv4')
    if (!this.#mayGo(inner)) return this.#drop('outside-selectors')
    const iv = this.#isCbc ? this.#options.rng.bytes(this.#sealer.ivBytes) : undefined
    const sequence = ++this.#sequence
    const packet = this.#sealer.seal(this.child.remoteSpi, sequence, IPV4_IN_ESP, inner, iv)
    this.#count(this.#outbound, inner.length)
    return { packet }
  }

  /** An ESP packet that came, from its SPI to its ICV. What it was is counted; only one that is authentic moves the window. */
  open(packet: Uint8Array): EspOutcome {
    if (packet.length < ESP_HEADER_BYTES) return this.#drop('malformed')
    if (u32(packet, 0) !== this.child.spi) return this.#drop('unknown-spi')
    if (this.#worn === 'hard') return this.#drop('expired')
    const window = this.#window
    const sequence = window.sequenceOf(u32(packet, 4))
    const verdict = window.judge(sequence)
    if (verdict !== 'new') return this.#drop(verdict)
    const content = this.#opener.open(packet, Math.floor(sequence / 2 ** 32))
    if (content === 'malformed' || content === 'bad-icv') return this.#drop(content)
    window.mark(sequence)
    return content === 'bad-padding' ? this.#drop(content) : this.#deliver(content)
  }

  #deliver({ nextHeader, payload }: EspContent): EspOutcome {
    if (nextHeader === DUMMY) return this.#drop('dummy')
    if (nextHeader !== IPV4_IN_ESP || headerFault(payload, 0) !== undefined) {
      return this.#drop('not-ipv4')
    }
    if (!this.#mayCome(payload)) return this.#drop('outside-selectors')
    this.#count(this.#inbound, payload.length)
    // RFC 4303 §2.7: behind the packet there may be padding that hides its length.
    const length = totalLengthOf(payload, 0)
    return { packet: length === payload.length ? payload : payload.subarray(0, length) }
  }

  #drop(reason: EspDropReason): EspOutcome {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1
    return { dropped: reason }
  }

  #count(count: Counting, bytes: number): void {
    count.packets++
    count.bytes += bytes
    const { soft, hard } = this.child.bytes ?? UNLIMITED
    if (count.bytes >= hard || this.#sequence >= this.#sequences.hard) this.#wear('hard')
    else if (count.bytes >= soft || this.#sequence >= this.#sequences.soft) this.#wear('soft')
  }

  #wear(limit: 'soft' | 'hard'): void {
    if (this.#worn === limit || this.#worn === 'hard') return
    this.#worn = limit
    this.#options.wears?.(limit)
  }
}

const UNLIMITED: SoftAndHard = { soft: Infinity, hard: Infinity }
