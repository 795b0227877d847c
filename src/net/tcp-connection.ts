/**
 * One TCP connection: the states of RFC 9293 §3.3.2 and what each segment, timer and ICMP error does to them (§3.10).
 * Not a demultiplexer: `tcp.ts` finds the connection that a segment belongs to, and speaks to IP.
 */
import { invariant } from '../base/invariant.ts'
import { between, type Duration, type Instant } from '../base/time.ts'
import {
  maximumSegmentSizeOf,
  maximumSegmentSizeOption,
  segmentLength,
  TcpFlag,
  type TcpSegment,
} from '../wire/tcp.ts'
import type { CloseReason, Endpoint, SocketError, TcpConnection, TcpHandlers } from './sockets.ts'
import { Receiver, RECEIVE_WINDOW_BYTES } from './tcp-receiver.ts'
import { Sender, type Piece } from './tcp-sender.ts'
import { seqAdd, seqDiff } from './tcp-sequence.ts'
import { backOff, measure, type TcpSettings } from './tcp-timing.ts'
import type { Timer } from './world.ts'

/** RFC 9293 §3.3.2, without LISTEN, which is the layer's. */
export type TcpState =
  | 'syn-sent'
  | 'syn-received'
  | 'established'
  | 'fin-wait-1'
  | 'fin-wait-2'
  | 'close-wait'
  | 'closing'
  | 'last-ack'
  | 'time-wait'
  | 'closed'

/** A segment of one connection, before ports, addresses and checksum. */
export type Departure = Omit<TcpSegment, 'sourcePort' | 'destinationPort' | 'urgentPointer'>

/** What a connection needs of the layer around it. */
export interface ConnectionContext {
  readonly now: Instant
  readonly settings: TcpSettings
  after(delay: Duration, run: () => void): Timer
  /** Largest payload of one segment on the path to `remote`, as known now. */
  segmentBytesTo(remote: Endpoint): number
  transmit(connection: Connection, segment: Departure): SocketError | undefined
  /** A connection that a peer opened is established; returns the application's handlers. */
  accepted(connection: Connection): TcpHandlers
  forget(connection: Connection): void
}

/** RFC 9293 §3.7.1: without the option. */
const SEGMENT_BYTES_DEFAULT = 536
/** The least MTU of an IPv4 link (RFC 791) less both headers: no peer or router can ask for smaller segments. */
const SEGMENT_BYTES_MIN = 28
const NOTHING = new Uint8Array()

export class Connection implements TcpConnection {
  readonly local: Endpoint
  readonly remote: Endpoint
  #state: TcpState
  readonly #context: ConnectionContext
  readonly #initial: number
  readonly #sender: Sender
  #receiver: Receiver | undefined
  #handlers: TcpHandlers | undefined
  #peerSegmentBytes = SEGMENT_BYTES_DEFAULT
  readonly #openedAt: Instant
  #timer: Timer | undefined
  #ackPending = false
  /** The last ICMP error that did not end the connection: it explains a timeout (RFC 9293 §3.9.2.2). */
  #softError: SocketError | undefined
  #told = false

  private constructor(
    context: ConnectionContext,
    ends: { readonly local: Endpoint; readonly remote: Endpoint },
    initial: number,
    state: TcpState,
  ) {
    this.#context = context
    this.local = ends.local
    this.remote = ends.remote
    this.#initial = initial
    this.#state = state
    this.#openedAt = context.now
    this.#sender = new Sender({
      sequence: seqAdd(initial, 1),
      mss: SEGMENT_BYTES_DEFAULT,
      roundTrip: { timeout: context.settings.initialTimeout },
    })
  }

  /** Active open: send a SYN (RFC 9293 §3.10.1). */
  static open(
    context: ConnectionContext,
    ends: { readonly local: Endpoint; readonly remote: Endpoint },
    initial: number,
    handlers: TcpHandlers,
  ): Connection {
    const connection = new Connection(context, ends, initial, 'syn-sent')
    connection.#handlers = handlers
    const refused = connection.#sendSyn()
    if (refused !== undefined) connection.failSoon(refused)
    return connection
  }

  /** Passive open: a listener got this SYN (RFC 9293 §3.10.7.2). */
  static answer(
    context: ConnectionContext,
    ends: { readonly local: Endpoint; readonly remote: Endpoint },
    initial: number,
    syn: TcpSegment,
  ): Connection {
    const connection = new Connection(context, ends, initial, 'syn-received')
    connection.#peerOpened(syn)
    connection.#sendSyn()
    return connection
  }

  get state(): TcpState {
    return this.#state
  }

  // ── what the application does ──

  send(bytes: Uint8Array): void {
    if (this.#state === 'closed') return
    invariant(!this.#sender.closing, 'bytes were sent on a TCP connection after its close()')
    this.#sender.queue(bytes)
    this.#flush()
  }

  close(): void {
    if (this.#sender.closing || this.#state === 'closed') return
    this.#sender.close()
    if (this.#state === 'established') this.#state = 'fin-wait-1'
    if (this.#state === 'close-wait') this.#state = 'last-ack'
    this.#flush()
  }

  abort(): void {
    const silent = ['syn-sent', 'closing', 'last-ack', 'time-wait', 'closed'] as const
    if (!silent.some((state) => state === this.#state)) {
      this.#transmit(this.#sender.highest, TcpFlag.rst | TcpFlag.ack)
    }
    this.#end('reset')
  }

  // ── what the network does ──

  /** A segment with a right checksum, addressed to this connection (RFC 9293 §3.10.7). */
  receive(segment: TcpSegment): void {
    if (this.#receiver === undefined) this.#receiveInSynSent(segment)
    else this.#receiveSynchronized(segment, this.#receiver)
    if (this.#state !== 'closed') this.#flush()
  }

  /** An ICMP error quotes a segment of this connection that began at `sequence`. */
  onIcmpError(sequence: number, error: SocketError): void {
    const sent = seqDiff(sequence, this.#sender.first) >= 0 || sequence === this.#initial
    // Anyone can send an ICMP error; only one who saw the segment knows its number (RFC 5927 §4.1).
    if (!sent || seqDiff(sequence, this.#sender.highest) > 0) return
    if (error.code === 'too-big') {
      if (this.#shrink(error)) this.#flush()
    } else if (this.#state === 'syn-sent') this.#end('unreachable', error)
    else this.#softError = error
  }

  /** This host itself cannot send to the peer. Told later, so that the caller of `connect` has its connection first. */
  failSoon(error: SocketError): void {
    this.#timer?.cancel()
    this.#timer = this.#context.after(0 as Duration, () => this.#end('unreachable', error))
  }

  // ── segments ──

  #receiveInSynSent(segment: TcpSegment): void {
    const has = (flag: number): boolean => (segment.flags & flag) !== 0
    const acknowledged = segment.acknowledgement === this.#sender.first
    if (has(TcpFlag.ack) && !acknowledged) {
      // A leftover of an earlier connection: the peer is half open (RFC 9293 §3.5.1).
      if (!has(TcpFlag.rst)) this.#transmit(segment.acknowledgement, TcpFlag.rst)
      return
    }
    if (has(TcpFlag.rst)) {
      if (has(TcpFlag.ack)) this.#end('refused')
      return
    }
    if (!has(TcpFlag.syn)) return
    this.#peerOpened(segment)
    if (has(TcpFlag.ack)) {
      this.#ackPending = true
      this.#establish(segment)
    } else {
      // Both ends opened at once (RFC 9293 §3.5, figure 7).
      this.#state = 'syn-received'
      this.#sendSyn()
    }
  }

  #receiveSynchronized(segment: TcpSegment, receiver: Receiver): void {
    const has = (flag: number): boolean => (segment.flags & flag) !== 0
    if (!receiver.acceptable(segment.sequence, segmentLength(segment))) {
      this.#receiveUnacceptable(segment, receiver)
      return
    }
    if (has(TcpFlag.rst)) {
      // Only the exact next number resets; others must prove themselves (RFC 5961 §3.2).
      if (segment.sequence === receiver.next) this.#receiveReset()
      else this.#ackPending = true
      return
    }
    if (has(TcpFlag.syn)) {
      // RFC 5961 §4.2: a peer that really started over answers this acknowledgement with a RST.
      this.#ackPending = true
      return
    }
    if (!has(TcpFlag.ack) || !this.#receiveAcknowledgement(segment)) return
    this.#receiveText(segment, receiver)
  }

  #receiveUnacceptable(segment: TcpSegment, receiver: Receiver): void {
    if ((segment.flags & TcpFlag.rst) !== 0) return
    const bareSyn = (segment.flags & (TcpFlag.syn | TcpFlag.ack)) === TcpFlag.syn
    const sameSyn = bareSyn && seqAdd(segment.sequence, 1) === receiver.next
    if (this.#state === 'syn-received' && sameSyn) {
      // Our SYN-ACK was lost: a bare acknowledgement would not help the peer.
      this.#sendSyn()
      return
    }
    if (this.#state === 'time-wait' && (segment.flags & TcpFlag.fin) !== 0) this.#waitOut()
    this.#ackPending = true
  }

  #receiveReset(): void {
    switch (this.#state) {
      case 'syn-received':
        return this.#end('refused')
      case 'closing':
      case 'last-ack':
      case 'time-wait':
        return this.#end('closed')
      default:
        return this.#end('reset')
    }
  }

  /** RFC 9293 §3.10.7.4, fifth step. False: the segment goes no further. */
  #receiveAcknowledgement(segment: TcpSegment): boolean {
    const sender = this.#sender
    if (this.#state === 'syn-received') {
      if (segment.acknowledgement !== sender.first) {
        this.#transmit(segment.acknowledgement, TcpFlag.rst)
        return false
      }
      this.#establish(segment)
      return this.#alive()
    }
    const verdict = sender.judge(segment.acknowledgement)
    if (verdict === 'ahead') {
      this.#ackPending = true
      return false
    }
    const { acknowledgement, sequence, window } = segment
    const occupies = segmentLength(segment) > 0
    const again = sender.acknowledged(
      { acknowledgement, sequence, window, occupies },
      this.#context.now,
    )
    if (again !== undefined) this.#sendPiece(again)
    if (verdict === 'new') this.#stopTimer()
    if (sender.finished) this.#finAcknowledged()
    return this.#alive()
  }

  #finAcknowledged(): void {
    if (this.#state === 'fin-wait-1') this.#state = 'fin-wait-2'
    else if (this.#state === 'closing') this.#enterTimeWait()
    else if (this.#state === 'last-ack') this.#end('closed')
  }

  /** RFC 9293 §3.10.7.4, seventh and eighth step. */
  #receiveText(segment: TcpSegment, receiver: Receiver): void {
    if (segmentLength(segment) === 0) return
    this.#ackPending = true
    const ended = receiver.ended
    const fin = (segment.flags & TcpFlag.fin) !== 0
    for (const bytes of receiver.accept(segment.sequence, segment.payload, fin)) {
      this.#handlers?.onData?.(bytes)
      if (!this.#alive()) return
    }
    if (receiver.ended && !ended) this.#receiveEnd()
  }

  #receiveEnd(): void {
    const before = this.#state
    if (before === 'established') this.#state = 'close-wait'
    else if (before === 'fin-wait-1') this.#state = 'closing'
    this.#handlers?.onEnd?.()
    if (before === 'fin-wait-2' && this.#alive()) this.#enterTimeWait()
  }

  // ── opening and ending ──

  #peerOpened(syn: TcpSegment): void {
    this.#receiver = new Receiver(seqAdd(syn.sequence, 1))
    this.#peerSegmentBytes = maximumSegmentSizeOf(syn) ?? SEGMENT_BYTES_DEFAULT
  }

  #establish(segment: TcpSegment): void {
    const { settings, now } = this.#context
    const sender = this.#sender
    const fresh = { timeout: settings.initialTimeout }
    // Karn: a handshake that needed a second SYN measured nothing, and RFC 6298 §5.7 starts over.
    sender.roundTrip = sender.tries === 0 ? measure(fresh, between(this.#openedAt, now)) : fresh
    sender.open({
      sequence: segment.sequence,
      window: segment.window,
      mss: this.#segmentBytes(this.#context.segmentBytesTo(this.remote)),
    })
    this.#stopTimer()
    this.#state = sender.closing ? 'fin-wait-1' : 'established'
    if (this.#handlers === undefined) this.#handlers = this.#context.accepted(this)
    else this.#handlers.onConnected?.()
  }

  #segmentBytes(path: number): number {
    return Math.max(SEGMENT_BYTES_MIN, Math.min(path, this.#peerSegmentBytes))
  }

  #enterTimeWait(): void {
    this.#state = 'time-wait'
    this.#waitOut()
    this.#tell('closed')
  }

  #waitOut(): void {
    this.#stopTimer()
    this.#timer = this.#context.after(this.#context.settings.timeWait, () => this.#end('closed'))
  }

  #end(reason: CloseReason, detail?: SocketError): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#stopTimer()
    this.#context.forget(this)
    this.#tell(reason, detail)
  }

  /** The application hears of the end once, though TIME-WAIT goes on without it. */
  #tell(reason: CloseReason, detail?: SocketError): void {
    if (this.#told) return
    this.#told = true
    const handlers = this.#handlers
    // What the application hangs on them need not outlive it in TIME-WAIT.
    this.#handlers = undefined
    handlers?.onClosed?.(reason, detail)
  }

  /** False once a callback or a segment ended the connection: the compiler cannot know. */
  #alive(): boolean {
    return this.#state !== 'closed'
  }

  // ── sending ──

  /** Send what may go; a waiting acknowledgement rides along, or goes alone. */
  #flush(): void {
    for (;;) {
      const piece = this.#sender.take(this.#context.now)
      if (piece === undefined) break
      this.#sendPiece(piece)
    }
    // After a timeout SND.NXT lies behind what the peer has: it would not accept that, nor hear the acknowledgement.
    if (this.#ackPending) this.#transmit(this.#sender.highest, TcpFlag.ack)
    this.#arm()
  }

  #sendPiece(piece: Piece): void {
    const flags = TcpFlag.ack | (piece.fin ? TcpFlag.fin : 0) | (piece.push ? TcpFlag.psh : 0)
    const refused = this.#transmit(piece.sequence, flags, piece.bytes)
    if (refused?.code === 'too-big') this.#shrink(refused)
    else this.#softError = refused ?? this.#softError
  }

  #sendSyn(): SocketError | undefined {
    const answering = this.#receiver !== undefined
    this.#ackPending = false
    const refused = this.#context.transmit(this, {
      sequence: this.#initial,
      acknowledgement: this.#receiver?.next ?? 0,
      flags: answering ? TcpFlag.syn | TcpFlag.ack : TcpFlag.syn,
      window: RECEIVE_WINDOW_BYTES,
      options: [maximumSegmentSizeOption(this.#context.segmentBytesTo(this.remote))],
      payload: NOTHING,
    })
    if (this.#timer === undefined) this.#arm()
    return refused
  }

  #transmit(
    sequence: number,
    flags: number,
    payload: Uint8Array = NOTHING,
  ): SocketError | undefined {
    const acknowledges = (flags & TcpFlag.ack) !== 0
    if (acknowledges) this.#ackPending = false
    return this.#context.transmit(this, {
      sequence,
      acknowledgement: acknowledges ? (this.#receiver?.next ?? 0) : 0,
      flags,
      window: RECEIVE_WINDOW_BYTES,
      options: [],
      payload,
    })
  }

  /** A router or this host's own route takes no packets of this size. True when smaller ones go out from now on. */
  #shrink(error: SocketError): boolean {
    const path = this.#context.segmentBytesTo(this.remote)
    const told = error.mtu === undefined ? path : Math.min(path, error.mtu - 40)
    const mss = this.#segmentBytes(told)
    if (mss >= this.#sender.mss) return false
    this.#sender.resegment(mss)
    return true
  }

  // ── the retransmission timer ──

  #arm(): void {
    const opening = this.#state === 'syn-sent' || this.#state === 'syn-received'
    if (this.#state === 'time-wait') return
    if (!opening && this.#sender.inFlight === 0 && !this.#sender.blocked) return this.#stopTimer()
    this.#timer ??= this.#context.after(this.#sender.roundTrip.timeout, () => this.#expired())
  }

  #stopTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #expired(): void {
    this.#timer = undefined
    const { settings } = this.#context
    const sender = this.#sender
    const opening = this.#state === 'syn-sent' || this.#state === 'syn-received'
    const limit = opening ? settings.synRetransmissions : settings.dataRetransmissions
    if (sender.tries >= limit) return this.#end('timed-out', this.#softError)
    if (opening) {
      sender.tries++
      sender.roundTrip = backOff(sender.roundTrip)
      this.#sendSyn()
    } else if (sender.inFlight > 0) {
      sender.timedOut()
      this.#flush()
    } else {
      this.#sendPiece(sender.probe())
      this.#arm()
    }
  }
}
